"""The rows that are told by table: columns, row level security, comments."""

from __future__ import annotations

from collections.abc import Iterable

from ..catalog import Catalog
from ..findings import FAIL, PASS, WARN, Finding
from ..promises.book import Promise
from ..promises.names import Names, dotted, identity
from ..promises.resolve import Resolved
from .differences import differences, unlike_twin


def columns_kept(
    promised: list[Promise], actual: Catalog, resolved: Resolved, expected: Catalog | None
) -> Iterable[Finding]:
    """One row per table: all its columns as written, or the list of what is not."""
    wrong: dict[Names, list[str]] = {}
    counted: dict[Names, int] = {}
    complete = {
        each.names
        for each in promised
        if each.kind == "table" and each.created and each.properties.get("complete")
    }
    for promise in promised:
        if promise.kind != "column":
            continue
        table, name = promise.names[:2], promise.names[2]
        own = wrong.setdefault(table, [])
        found = actual.get("column", promise.names)
        counted[table] = counted.get(table, 0) + promise.present
        if not promise.present:
            own += [f"{name} is still there"] if found else []
        elif found is None:
            own.append(f"{name} is missing")
        else:
            own += [f"{name}: {text}" for text in differences(promise, found, resolved)]
            if expected is not None:
                twin = unlike_twin("column", promise.names, found, expected, major=actual.major)
                own += [f"{name}: {text}" for text in twin]
    for table in complete & wrong.keys():
        told = {each.names for each in promised if each.kind == "column" and each.present}
        for names in actual.of("column"):
            if names[:2] == table and names not in told:
                wrong[table].append(f"{names[2]} is there but not written")
    for table, texts in wrong.items():
        plural = "column" if counted[table] == 1 else "columns"
        wanted = f"{counted[table]} {plural} as written"
        observed = "; ".join(texts) or wanted
        yield Finding("Columns", dotted(table), wanted, observed, FAIL if texts else PASS)


def row_security(promised: list[Promise], actual: Catalog, api: bool) -> Iterable[Finding]:
    """RLS as written; and no new table in the schema that the API serves without it."""
    policies = {names[:2] for names in actual.of("policy")}
    for promise in promised:
        if promise.kind != "table" or not promise.present:
            continue
        found = actual.get("table", promise.names)
        wanted_on = promise.properties.get("rls")
        wanted_forced = promise.properties.get("rls_forced")
        exposed = api and promise.created and promise.names[0] == "public" and not wanted_on
        if found is None or (wanted_on is None and wanted_forced is None):
            continue
        if not wanted_on and not exposed and promise.created and not found["rls"]:
            continue
        wanted = "on" if wanted_on or exposed else "off" if wanted_on is False else "as it was"
        wanted += ", forced" if wanted_forced else ""
        observed = ("on" if found["rls"] else "off") + (", forced" if found["rls_forced"] else "")
        verdict = PASS
        if exposed and not found["rls"]:
            verdict, observed = FAIL, "off: everyone who can reach the API can read the table"
        elif _is_not(wanted_on, found["rls"]) or _is_not(wanted_forced, found["rls_forced"]):
            verdict = FAIL
        elif found["rls"] and promise.names not in policies:
            verdict, observed = WARN, f"{observed}, but no policy: nobody but the owner sees rows"
        yield Finding("RLS enabled", promise.object, wanted, observed, verdict)


def _is_not(wanted: bool | None, actual: bool) -> bool:
    return wanted is not None and wanted != actual


def comments_kept(
    promised: list[Promise], actual: Catalog, resolved: Resolved
) -> Iterable[Finding]:
    """One row per object whose comments, or whose parts' comments, the file writes."""
    wrong: dict[str, list[str]] = {}
    counted: dict[str, int] = {}
    for promise in promised:
        if promise.kind != "comment":
            continue
        names = resolved.names(promise) or promise.names
        of_table = names[0] in {"table", "column", "constraint", "policy", "trigger"}
        where = dotted(names[1:3]) if of_table else identity(names[0], names[1:])
        texts = wrong.setdefault(where, [])
        found = actual.get("comment", names)
        text = found["text"] if found else None
        counted[where] = counted.get(where, 0) + 1
        if promise.present and text != promise.properties["text"]:
            state = "reads otherwise" if text else "is missing"
            texts.append(f"comment on {identity('comment', names)} {state}")
    for where, texts in wrong.items():
        plural = "comment" if counted[where] == 1 else "comments"
        wanted = f"{counted[where]} {plural} as written"
        observed = "; ".join(texts) or wanted
        yield Finding("Comments", where, wanted, observed, FAIL if texts else PASS)
