"""Who is asking: the roles of an API request, put on a connection as PostgREST puts them.

An actor is written `owner`, `anon`, `authenticated <uuid or e-mail>` or `service_role`, optionally
followed by `headers={json}` and `claims={json}`; or `role <name>`, any role of the server, with
`settings={json}`: custom settings that policies read. Everything is set transaction-local.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import psycopg
from psycopg.sql import Identifier

ROLES = ("owner", "anon", "authenticated", "service_role")

# Whom a connection has looked up; asked anew each time.
_users: WeakKeyDictionary[psycopg.Connection, dict[str, tuple[str, str]]] = WeakKeyDictionary()
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_OPTION = re.compile(r"\s+(headers|claims|settings)=")
_SETTING = re.compile(r"[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)+")


@dataclass(frozen=True, slots=True)
class Actor:
    """One caller.

    Fields:
        label: as the file writes it, without headers and claims.
        role: owner · anon · authenticated · service_role, or the server's own name of one.
        user: for authenticated, the uuid or e-mail it is looked up by in auth.users.
        headers: the request's headers, lower-cased.
        claims: a JSON object of further claims, "{}" for none.
        own: whether it is written `role <name>`: no API's, without a request around it.
        settings: custom settings, as (name, value).
    """

    label: str
    role: str
    user: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    claims: str = "{}"
    own: bool = False
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> str:
        """How a sentence calls them; header values may be secrets and are left out."""
        who = {
            "owner": "the owner",
            "anon": "anonymous visitors",
            "authenticated": f"the signed-in user {self.user}",
            "service_role": "the service role",
        }.get(self.role, self.label)
        if given := [name for name, value in self.settings if value]:
            who += f" with {', '.join(given)}"
        if self.headers:
            who += f" sending {', '.join(key for key, _ in self.headers)}"
        return who + (" with further claims" if self.claims != "{}" else "")

    @property
    def become(self) -> str:
        """The statement that takes the role."""
        if self.role == "owner":
            return "reset role"
        return f"set local role {Identifier(self.role).as_string(None)}"


class UnknownUser(Exception):
    """The user that `authenticated` names is not in auth.users, or is there twice."""


def parse(text: str) -> Actor:
    """Read the value of an `as:` line.

    Raises:
        ValueError: what is wrong with it, as a sentence without the file and line.
    """
    head, headers, claims, settings = text.strip(), (), "{}", ()
    if found := _OPTION.search(head):
        options = _options(head[found.start() :])
        head = head[: found.start()]
        headers = _headers(options.get("headers", {}))
        claims = json.dumps(options.get("claims", {}), ensure_ascii=False)
        settings = _settings(options.get("settings", {}))
    role, _, user = head.partition(" ")
    user = user.strip()
    if role == "role":
        if headers or claims != "{}":
            raise ValueError("headers and claims belong to a request; a role takes settings={…}")
        return Actor(f"role {user}", _own_name(user), own=True, settings=settings)
    if settings:
        raise ValueError("settings={…} belongs to `role <name>`; an API role takes claims={…}")
    if role not in ROLES:
        known = ", ".join(ROLES)
        raise ValueError(f"{role or 'nobody'!r} is not one of {known}, role <a role's name>")
    if role != "authenticated" and user:
        raise ValueError(f"{role} takes no user; {user!r} is too much")
    if role == "authenticated" and not (_UUID.fullmatch(user) or is_email(user)):
        raise ValueError("authenticated needs a user: a uuid, or an e-mail address in auth.users")
    if role == "owner" and claims != "{}":
        raise ValueError("owner runs without claims; use one of the API roles")
    return Actor(" ".join(head.split()), role, user, headers, claims)


def become(conn: psycopg.Connection, actor: Actor, *, first: str = "", settings=()) -> None:
    """Put the actor on the connection until the end of the (sub)transaction.

    Args:
        conn: inside a transaction; its current role may be any.
        actor: who to become.
        first: SQL to run before, in the same round trip (a savepoint).
        settings: further (name, value) pairs to set transaction-local.

    Raises:
        UnknownUser: there is no such user (yet).
        psycopg.Error: the server has no such role (22023), or does not grant it (42501).
    """
    if first:
        first += ";"
    put = _put(actor, "", "", settings)
    if actor.user:
        # Looked up by the owner: API roles cannot read auth.users. Who they were a statement ago
        # they mostly are still: then asking and becoming is one message, else it is done again.
        seen = _users.setdefault(conn, {})
        guess = seen.get(actor.user)
        put = _put(actor, *guess, settings) if guess else None
        seen[actor.user] = _look_up(conn, actor.user, first=f"{first} reset role;", then=put)
        if seen[actor.user] == guess:
            return
        first, put = "", _put(actor, *seen[actor.user], settings)
    with psycopg.ClientCursor(conn) as cursor:
        cursor.execute(f"{first} {put[0]}", put[1])


def _put(actor: Actor, user_id: str, email: str, settings) -> tuple[str, list[str]]:
    """What puts the actor on a connection: SQL, and its parameters."""
    claims: dict[str, object] = {}
    request = actor.role != "owner" and not actor.own
    if request:
        claims = {"role": actor.role}
    if actor.user:
        claims |= {"sub": user_id} | ({"email": email} if email else {})
    claims |= json.loads(actor.claims)
    headers = ""
    if request or actor.headers:
        headers = json.dumps(dict(actor.headers), ensure_ascii=False)
    values = {
        "request.jwt.claims": json.dumps(claims, ensure_ascii=False) if claims else "",
        "request.jwt.claim.sub": str(claims.get("sub", "")),
        "request.jwt.claim.role": str(claims.get("role", "")),
        "request.jwt.claim.email": str(claims.get("email", "")),
        "request.headers": headers,
    }
    values |= dict([*settings, *actor.settings])
    calls = ["pg_catalog.set_config(%s, %s, true)"] * len(values)
    parameters = [item for pair in values.items() for item in pair]
    return f"select {', '.join(calls)}; {actor.become}", parameters


def _look_up(
    conn: psycopg.Connection, user: str, *, first: str, then: tuple[str, list[str]] | None
) -> tuple[str, str]:
    """The user's (uuid, e-mail). A uuid needs no row: tokens outlive the user they name."""
    by_uuid = bool(_UUID.fullmatch(user))
    where = "id = %s::uuid" if by_uuid else "pg_catalog.lower(email::text) = pg_catalog.lower(%s)"
    more, parameters = then or ("", [])
    with psycopg.ClientCursor(conn) as cursor:
        cursor.execute(
            f"{first} select id::text, email::text from auth.users where {where}; {more}",
            [user, *parameters],
        )
        while cursor.description is None:
            cursor.nextset()
        rows = cursor.fetchall()
    if len(rows) > 1:
        raise UnknownUser(f"{user} is in auth.users {len(rows)} times")
    if not rows and not by_uuid:
        raise UnknownUser(f"{user} is not in auth.users at this point of the file")
    found = rows[0] if rows else (user.lower(), "")
    return found[0], found[1] or ""


def _options(text: str) -> dict[str, dict]:
    """`headers={…} claims={…} settings={…}`, each at most once, in any order."""
    options: dict[str, dict] = {}
    decoder = json.JSONDecoder(object_pairs_hook=_without_duplicates)
    at = 0
    while at < len(text.rstrip()):
        found = _OPTION.match(text, at)
        if not found:
            known = "headers={…}, claims={…} or settings={…}"
            raise ValueError(f"{text[at:].strip()!r} is none of {known}")
        name = found[1]
        if name in options:
            raise ValueError(f"{name} is given twice")
        try:
            value, at = decoder.raw_decode(text, found.end())
        except json.JSONDecodeError as error:
            raise ValueError(f"{name} is not valid JSON: {error.msg}") from None
        if not isinstance(value, dict):
            raise ValueError(f"{name} must be a JSON object")
        options[name] = value
    return options


def _headers(given: dict) -> tuple[tuple[str, str], ...]:
    if not all(isinstance(value, str) for value in given.values()):
        raise ValueError("the values of headers must be strings")
    lowered = _without_duplicates([(key.lower(), value) for key, value in given.items()])
    return tuple(lowered.items())


def _settings(given: dict) -> tuple[tuple[str, str], ...]:
    """Custom ones only: a role or a timeout is not to be changed from here."""
    for name, value in given.items():
        if not _SETTING.fullmatch(name):
            raise ValueError(f"{name!r} is no custom setting: those are named app.something")
        if not isinstance(value, str):
            raise ValueError("the values of settings must be strings")
    return tuple(given.items())


def _own_name(text: str) -> str:
    """A role's name, as SQL reads it: folded to lower case unless it is quoted."""
    if quoted := re.fullmatch(r'"((?:[^"]|"")+)"', text):
        name = quoted[1].replace('""', '"')
    elif re.fullmatch(r"[^\W\d][\w$]*", text):
        name = text.lower()
    else:
        raise ValueError(f"{text!r} is not a role's name; with other signs in it, quote it")
    if name in ROLES:
        raise ValueError(f"{name} has a word of its own here: write `{name}` without `role`")
    return name


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"{key!r} is given twice")
    return dict(pairs)


def is_email(text: str) -> bool:
    """Whether a user is named by an e-mail address; else by a uuid."""
    return "@" in text.strip("@") and not any(char.isspace() for char in text)
