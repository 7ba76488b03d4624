"""Expectations: what a scenario's statement promises, and whether it kept it.

ok                   it succeeds
N rows · 1 row       it returns so many rows
N affected           it inserts, updates, deletes or merges so many
value <literal>      it returns one row of one column, with this value
error <SQLSTATE>     it fails with exactly this code
index <name>         its plan scans this index
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache

import psycopg
from psycopg import errors as sqlstates

from ..findings import FAIL, PASS

EXPLAINABLE = ("select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt")

_BOOL, _JSON, _NUMBERS = 16, (114, 3802), (20, 21, 23, 26, 700, 701, 1700)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an `expect:` line promises.

    Fields:
        kind: ok · rows · affected · value · error · index.
        value: the number, the literal, the SQLSTATE or the index name; "" for ok.
        text: the line as written.
    """

    kind: str
    value: str
    text: str


def parse(text: str) -> Expectation:
    """Read the value of an `expect:` line.

    Raises:
        ValueError: what is wrong with it, as a sentence without the file and line.
    """
    if text == "ok":
        return Expectation("ok", "", text)
    if found := re.fullmatch(r"(\d+) (rows?|affected)", text):
        return Expectation(found[2].rstrip("s").replace("row", "rows"), found[1], text)
    if found := re.fullmatch(r"value\s+(.+)", text):
        return Expectation("value", found[1], text)
    if found := re.fullmatch(r"error\s+(\S+)", text):
        _sqlstate(found[1])
        return Expectation("error", found[1], text)
    if found := re.fullmatch(r"index\s+([\w$]+)", text):
        return Expectation("index", found[1], text)
    raise ValueError(
        f"{text!r} is none of: ok · N rows · N affected · value <literal> · error <SQLSTATE>"
        " · index <index name>"
    )


def _sqlstate(code: str) -> None:
    """A code is five signs; in a class that PostgreSQL knows it must be one that it knows."""
    if not re.fullmatch(r"[0-9A-Z]{5}", code) or code[:2] in ("00", "01", "02"):
        raise ValueError(f"{code!r} is not the SQLSTATE of an error")
    # Functions may RAISE codes of their own, in classes of their own or in PL/pgSQL's.
    known = _known_codes()
    if code not in known and code[:2] in {each[:2] for each in known} - {"P0"}:
        raise ValueError(f"PostgreSQL has no SQLSTATE {code}")


@cache
def _known_codes() -> frozenset[str]:
    classes = [each for each in vars(sqlstates).values() if isinstance(each, type)]
    codes = (getattr(each, "sqlstate", None) for each in classes)
    return frozenset(code for code in codes if isinstance(code, str))


def judge(cursor: psycopg.Cursor, expect: Expectation) -> tuple[str, str]:
    """What a statement that succeeded shows, in words, and whether it was promised."""
    tag = cursor.statusmessage or ""
    returns_rows = cursor.description is not None
    changes = tag.startswith(("INSERT", "UPDATE", "DELETE", "MERGE"))
    match expect.kind:
        case "ok":
            return _count(cursor, tag, returns_rows), PASS
        case "rows" if returns_rows:
            observed = _plural(cursor.rowcount, "row")
            return observed, _verdict(cursor.rowcount == int(expect.value))
        case "affected" if changes:
            observed = f"{cursor.rowcount} affected"
            return observed, _verdict(cursor.rowcount == int(expect.value))
        case "rows" | "affected":
            wanted = "rows" if expect.kind == "rows" else "a count of affected rows"
            return f"{tag} succeeded, which gives no {wanted}".replace("no a ", "no "), FAIL
        case "value" if returns_rows and cursor.rowcount == 1 and len(cursor.description) == 1:
            return _value(cursor, expect.value)
        case "index":
            return _plan(cursor.fetchone()[0], expect.value)
        case "value":
            return f"{_count(cursor, tag, returns_rows)} instead of one value", FAIL
    return f"it succeeded ({_count(cursor, tag, returns_rows)})", FAIL


def _count(cursor: psycopg.Cursor, tag: str, returns_rows: bool) -> str:
    if not returns_rows:
        return tag or "ok"
    columns = len(cursor.description)
    return _plural(cursor.rowcount, "row") + (f" of {columns} columns" if columns > 1 else "")


def _value(cursor: psycopg.Cursor, literal: str) -> tuple[str, str]:
    """Compare with the server's own text; numbers and JSON by what they mean."""
    raw = cursor.pgresult.get_value(0, 0)
    if raw is None:
        return "value null", _verdict(literal.lower() == "null")
    kind, actual = cursor.description[0].type_code, raw.decode(errors="replace")
    if kind == _BOOL:
        actual = {"t": "true", "f": "false"}[actual]
    shown = f"value {actual if len(actual) <= 200 else actual[:199] + '…'}"
    if literal.lower() == "null":
        return shown, FAIL
    wanted = literal
    if quoted := re.fullmatch(r"'((?:[^']|'')*)'", literal):
        wanted = quoted[1].replace("''", "'")
    if kind == _BOOL:
        wanted = wanted.lower()
    same = actual == wanted
    if not same and kind in _NUMBERS:
        try:
            same = Decimal(actual) == Decimal(wanted)
        except InvalidOperation:
            same = False
    if not same and kind in _JSON:
        try:
            same = json.loads(actual) == json.loads(wanted)
        except json.JSONDecodeError:
            same = False
    return shown, _verdict(same)


def _plan(plan: list, index: str) -> tuple[str, str]:
    """The indexes a plan scans; without the wanted one, what it does instead."""
    used, scans, nodes = [], [], [plan[0]["Plan"]]
    while nodes:
        node = nodes.pop(0)
        nodes += node.get("Plans", [])
        if name := node.get("Index Name"):
            used.append(name)
        elif "Relation Name" in node:
            scans.append(f"{node['Node Type']} on {node['Relation Name']}")
    if index in used:
        return f"index {index}", PASS
    return (
        f"the plan uses {', '.join([f'index {name}' for name in used] + scans) or 'no index'}",
        FAIL,
    )


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _verdict(same: bool) -> str:
    return PASS if same else FAIL
