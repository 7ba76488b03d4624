"""The test stage over MCP: the scenario as one text, played and taken back, judged here.

Each step is an exception block of PL/pgSQL, which is a savepoint; the last thing that the text does
is to take all of them back. What each step gave comes out as one value and is judged by the rules
of a direct connection. The clock is one for the whole scenario: a call has one statement_timeout.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from .. import actor as actors
from .. import scenario
from ..actor import Actor
from ..directives import Scenario, ScenarioStep
from ..findings import FAIL, SKIP, Finding
from ..plan import Migration
from ..resources import query
from . import block
from .connection import Connection, as_error

_TIMEOUT_MS, _LOCK_TIMEOUT_MS = 60_000, 2_000
_NO_USER = "RB002"
_BOOL, _NUMERIC, _TEXT, _JSON = 16, 1700, 25, 3802
_TAGS = {"select_stmt": "SELECT", "insert_stmt": "INSERT 0", "update_stmt": "UPDATE",
         "delete_stmt": "DELETE", "merge_stmt": "MERGE"}  # fmt: skip


def measure(
    conn: Connection, migration: Migration, played: Scenario
) -> tuple[list[Finding], dict[str, Any]]:
    """Play the scenario; what its event keeps beside the findings.

    Access, foreign keys and calls are tried step by step on a direct connection, each attempt
    chosen by what came of the last one. Here they are SKIPs.
    """
    answer = conn.ask(_text(played), timeout_ms=_TIMEOUT_MS, snapshot=True)
    rows = list(_findings(played, answer))
    reason = "not tried: over MCP no transaction stays open to try it in; run the scenario again"
    reason += " over a direct connection (runbook validate)"
    tables = list(dict.fromkeys([*(t.table for t in played.access), *migration.tables]))
    rows += [Finding("access", table, "as declared", reason, SKIP) for table in tables]
    return rows, {"access": [], "access_changes": []}


def _text(played: Scenario, attempts: str = "") -> str:
    steps = [_step(step) for step in played.steps]
    owner = _in_block(actors.parse("owner"), "execute 'set constraints all immediate';")
    return query("mcp_play") % {
        "declared": block.DECLARED,
        "diagnostics": block.DIAGNOSTICS,
        "error": block.ERROR,
        "undo": block.UNDO,
        "state": query("session_state").strip().removesuffix(";"),
        "steps": "\n".join([*steps, owner]),
        "attempts": attempts,
    }


def _step(step: ScenarioStep) -> str:
    text = block.literal(scenario.asked(step))
    if _returns_rows(step):
        work = f"""for row_seen in execute {text} loop
            counted := counted + 1;
            if counted = 1 then
                first_text := row_seen::text;
                first_json := pg_catalog.row_to_json(row_seen)::text;
            end if;
        end loop;"""
    else:
        work = f"execute {text}; get diagnostics counted = row_count;"
    return _in_block(step.actor, work)


def _in_block(actor: Actor, work: str) -> str:
    """PL/pgSQL that does something as an actor, in a savepoint, and keeps what came of it."""
    return f"""
    begin
        doing := 'actor'; counted := 0; first_text := null; first_json := null;
        {become(actor)}
        doing := 'statement';
        {work}
        seen := seen || pg_catalog.jsonb_build_object(
            'count', counted, 'text', first_text, 'json', first_json);
    exception when others then
        {block.DIAGNOSTICS}
        seen := seen || pg_catalog.jsonb_build_object('doing', doing, 'error', {block.ERROR});
    end;"""


def become(actor: Actor) -> str:
    """PL/pgSQL that puts an actor on, as actor.become() does."""
    lines = ["execute 'reset role';", "claims := '{}';"]
    if actor.role != "owner":
        lines.append(f"claims := {_json({'role': actor.role})};")
    if actor.user:
        by_uuid = not actors.is_email(actor.user)
        where = "u.id = %s::uuid" if by_uuid else "lower(u.email::text) = lower(%s)"
        lines.append(
            "select count(*), min(u.id::text), min(u.email::text) into user_count, user_id,"
            f" user_email from auth.users as u where {block.bound(where, [actor.user])};"
        )
        if by_uuid:
            known = block.literal(actor.user.lower())
            lines.append(f"user_id := coalesce(user_id, {known});")
        else:
            said = block.literal(f"{actor.user} is not in auth.users at this point of the file")
            more = block.literal(f"{actor.user} is in auth.users more than once")
            lines.append(
                f"if user_count <> 1 then raise exception using errcode = '{_NO_USER}',"
                f" message = case when user_count = 0 then {said} else {more} end; end if;"
            )
        lines.append(
            "claims := claims || jsonb_build_object('sub', user_id) || case when"
            " coalesce(user_email, '') <> '' then jsonb_build_object('email', user_email)"
            " else '{}' end;"
        )
    lines.append(f"claims := claims || {block.literal(actor.claims)}::jsonb;")
    headers = ""
    if actor.role != "owner" or actor.headers:
        headers = json.dumps(dict(actor.headers), ensure_ascii=False)
    values = {
        "request.jwt.claims": "case when claims = '{}' then '' else claims::text end",
        "request.jwt.claim.sub": "coalesce(claims ->> 'sub', '')",
        "request.jwt.claim.role": "coalesce(claims ->> 'role', '')",
        "request.jwt.claim.email": "coalesce(claims ->> 'email', '')",
        "request.headers": block.literal(headers),
        "lock_timeout": f"'{_LOCK_TIMEOUT_MS}'",
    }
    lines += [f"perform set_config('{name}', {value}, true);" for name, value in values.items()]
    if actor.role != "owner":
        lines.append(f"execute 'set local role {actor.role}';")
    return "\n        ".join(lines)


def _findings(played: Scenario, answer: dict[str, Any]) -> list[Finding]:
    seen = answer["seen"]
    rows = []
    for step, each in zip(played.steps, seen, strict=False):
        rows.append(_judged(step, each))
    if "error" in answer:  # out of time: what comes after was never asked
        words = f"not run: the scenario ended before it: {answer['error']['message']}"
        rest = [step.name for step in played.steps[len(seen) :]] + ["deferred constraints"]
        rows += [Finding(scenario.CHECK, name, "run", words, FAIL) for name in rest]
    else:
        error = seen[-1].get("error")
        rows.append(scenario.deferred(as_error(error) if error else None))
    rows.append(scenario.remains(tuple(answer["before"]), tuple(answer["after"])))
    return rows


def _judged(step: ScenarioStep, each: dict[str, Any]) -> Finding:
    if "error" not in each:
        return scenario.answered(step, _Answer.of(step, each))  # type: ignore[arg-type]
    error = as_error(each["error"])
    if each["doing"] == "statement":
        return scenario.refused(step, error)
    unknown = each["error"]["state"] == _NO_USER
    return scenario.not_asked(step, actors.UnknownUser(str(error)) if unknown else error)


@dataclass(frozen=True)
class _Answer:
    """One statement's result, shaped as far as an expectation looks at a cursor."""

    statusmessage: str
    description: list[SimpleNamespace] | None
    rowcount: int
    raw: bytes | None
    value: Any

    @classmethod
    def of(cls, step: ScenarioStep, each: dict[str, Any]) -> _Answer:
        count, kind = each["count"], step.statement.kind
        word = _TAGS.get(kind)
        tag = f"{word} {count}" if word else " ".join(step.statement.title.split()[:2]).upper()
        if not _returns_rows(step):
            return cls(tag, None, count, None, None)
        pairs = json.loads(each["json"] or "{}", object_pairs_hook=lambda found: found) or [("", 0)]
        description = [SimpleNamespace(type_code=_TEXT) for _ in pairs]
        raw, value = None, json.loads(each["json"] or "{}")
        if len(pairs) == 1:
            value = value.get(pairs[0][0])
            description[0].type_code = _kind(value)
            raw = _only(each["text"] or "()")
        return cls(tag, description, count, raw, value)

    @property
    def pgresult(self) -> SimpleNamespace:
        return SimpleNamespace(get_value=lambda _row, _column: self.raw)

    def fetchone(self) -> tuple[Any, ...]:
        return (self.value,)


def _kind(value: Any) -> int:
    if isinstance(value, bool):
        return _BOOL
    if isinstance(value, int | float):
        return _NUMERIC
    return _JSON if isinstance(value, dict | list) else _TEXT


def _only(row: str) -> bytes | None:
    """The one value of a row as PostgreSQL writes rows; None for NULL."""
    text = row[1:-1]
    if not text:
        return None
    if text.startswith('"'):
        text = text[1:-1].replace('""', '"').replace("\\\\", "\\")
    return text.encode()


def _returns_rows(step: ScenarioStep) -> bool:
    if step.expect.kind == "index" or step.statement.kind in ("explain_stmt", "variable_show_stmt"):
        return True
    node = step.statement.node
    if step.statement.kind == "select_stmt":
        return not node.HasField("into_clause")
    return block.returning(node)


def _json(value: dict[str, str]) -> str:
    return block.literal(json.dumps(value)) + "::jsonb"
