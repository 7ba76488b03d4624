"""The test stage over MCP: the scenario as one text, played and taken back, judged here.

Each step is an exception block of PL/pgSQL, which is a savepoint; the last thing that the text does
is to take all of them back. What each step gave comes out as one value and is judged by the rules
of a direct connection. The clock is one for the whole scenario: a call has one statement_timeout.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from .. import scenario
from ..findings import FAIL, Finding
from ..resources import query
from ..scenarios import actor as actors
from ..scenarios.actor import Actor
from ..scenarios.directives import Scenario, ScenarioStep
from . import attempting, block
from .connection import Connection, as_error
from .strands import Attempt

_TIMEOUT_MS = 60_000
_BOOL, _NUMERIC, _TEXT, _JSON = 16, 1700, 25, 3802
_TAGS = {"select_stmt": "SELECT", "insert_stmt": "INSERT 0", "update_stmt": "UPDATE",
         "delete_stmt": "DELETE", "merge_stmt": "MERGE"}  # fmt: skip
_ONE_WORD = ("ANALYZE", "CALL", "DO", "SET", "VACUUM")


def play(
    conn: Connection,
    played: Scenario,
    looks: Sequence[Attempt] = (),
    attempts: Sequence[Attempt] = (),
) -> dict[str, Any]:
    """Play the scenario once, with these tries on its rows, and take all of it back.

    Returns:
        `seen`, for each step what it gave; `looks`, the rows of each look; `tried`, what each
        attempt gave; `before` and `after`, what the session held.
    """
    steps = [_step(step) for step in played.steps]
    owner = _in_block(actors.parse("owner"), "execute 'set constraints all immediate';")
    tries = [attempting.tried(each) for each in attempts if not each.later]
    later = [attempting.tried(each) for each in attempts if each.later]
    body = query("mcp_play") % {
        "declared": block.DECLARED,
        "diagnostics": block.DIAGNOSTICS,
        "error": block.ERROR,
        "undo": block.UNDO,
        "state": query("session_state").strip().removesuffix(";"),
        "steps": "\n".join([*steps, owner]),
        "looks": "\n".join(map(attempting.looked, looks)),
        "attempts": "\n".join(tries),
        "later": "\n".join(later),
    }
    return conn.ask(body, timeout_ms=_TIMEOUT_MS, snapshot=True)


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
        {attempting.become(actor)}
        doing := 'statement';
        {work}
        seen := seen || pg_catalog.jsonb_build_object(
            'count', counted, 'text', first_text, 'json', first_json);
    exception when others then
        {block.DIAGNOSTICS}
        seen := seen || pg_catalog.jsonb_build_object('doing', doing, 'error', {block.ERROR});
    end;"""


def findings(played: Scenario, answer: dict[str, Any]) -> list[Finding]:
    """What the steps gave, held against what was expected of them."""
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
    unknown = each["error"]["state"] == attempting.NO_USER
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
        words = step.statement.title.upper().split()
        said = words[:1] if words[0] in _ONE_WORD else words[:2]
        tag = f"{word} {count}" if word else " ".join(said)
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
