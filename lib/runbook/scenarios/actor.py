"""Who is asking: the roles of an API request, put on a connection as PostgREST puts them.

An actor is written `owner`, `anon`, `authenticated <uuid or e-mail>` or `service_role`, optionally
followed by `headers={json}` and `claims={json}`. Everything is set transaction-local.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import psycopg

ROLES = ("owner", "anon", "authenticated", "service_role")

# Whom a connection has looked up; asked anew each time.
_users: WeakKeyDictionary[psycopg.Connection, dict[str, tuple[str, str]]] = WeakKeyDictionary()
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_OPTION = re.compile(r"\s+(headers|claims)=")


@dataclass(frozen=True, slots=True)
class Actor:
    """One caller.

    Fields:
        label: as the file writes it, without headers and claims.
        role: owner · anon · authenticated · service_role.
        user: for authenticated, the uuid or e-mail it is looked up by in auth.users.
        headers: the request's headers, lower-cased.
        claims: a JSON object of further claims, "{}" for none.
    """

    label: str
    role: str
    user: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    claims: str = "{}"

    @property
    def words(self) -> str:
        """How a sentence calls them; header values may be secrets and are left out."""
        who = {
            "owner": "the owner",
            "anon": "anonymous visitors",
            "authenticated": f"the signed-in user {self.user}",
            "service_role": "the service role",
        }[self.role]
        if self.headers:
            who += f" sending {', '.join(key for key, _ in self.headers)}"
        return who + (" with further claims" if self.claims != "{}" else "")


class UnknownUser(Exception):
    """The user that `authenticated` names is not in auth.users, or is there twice."""


def parse(text: str) -> Actor:
    """Read the value of an `as:` line.

    Raises:
        ValueError: what is wrong with it, as a sentence without the file and line.
    """
    head, headers, claims = text.strip(), (), "{}"
    if found := _OPTION.search(head):
        options = _options(head[found.start() :])
        head = head[: found.start()]
        headers = _headers(options.get("headers", {}))
        claims = json.dumps(options.get("claims", {}), ensure_ascii=False)
    role, _, user = head.partition(" ")
    user = user.strip()
    if role not in ROLES:
        raise ValueError(f"{role or 'nobody'!r} is not one of {', '.join(ROLES)}")
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
    if actor.role != "owner":
        claims = {"role": actor.role}
    if actor.user:
        claims |= {"sub": user_id} | ({"email": email} if email else {})
    claims |= json.loads(actor.claims)
    headers = ""
    if actor.role != "owner" or actor.headers:
        headers = json.dumps(dict(actor.headers), ensure_ascii=False)
    values = {
        "request.jwt.claims": json.dumps(claims, ensure_ascii=False) if claims else "",
        "request.jwt.claim.sub": str(claims.get("sub", "")),
        "request.jwt.claim.role": str(claims.get("role", "")),
        "request.jwt.claim.email": str(claims.get("email", "")),
        "request.headers": headers,
    }
    values |= dict(settings)
    calls = ["pg_catalog.set_config(%s, %s, true)"] * len(values)
    role = "reset role" if actor.role == "owner" else f"set local role {actor.role}"
    parameters = [item for pair in values.items() for item in pair]
    return f"select {', '.join(calls)}; {role}", parameters


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
    """`headers={…} claims={…}`, each at most once, in any order."""
    options: dict[str, dict] = {}
    decoder = json.JSONDecoder(object_pairs_hook=_without_duplicates)
    at = 0
    while at < len(text.rstrip()):
        found = _OPTION.match(text, at)
        if not found:
            raise ValueError(f"{text[at:].strip()!r} is neither headers={{…}} nor claims={{…}}")
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


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"{key!r} is given twice")
    return dict(pairs)


def is_email(text: str) -> bool:
    """Whether a user is named by an e-mail address; else by a uuid."""
    return "@" in text.strip("@") and not any(char.isspace() for char in text)
