"""record.html and index.html in a real browser: accessible, in order, and quiet on the network."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from made_notebooks import notebook
from runbook import record
from runbook.audit import cover, differing, listing
from runbook.kernels.notebook import code_cells, nbformat
from runbook.records import archive, closing, page
from runbook.records.closing import Witnesses

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
V = "20260101000001"


def event(stage: str, state: str = "passed", rows: Any = (), **detail: Any) -> dict[str, Any]:
    return {
        "seq": 1, "at": "2026-11-22T12:00:01.5+00:00", "hash": "0", "run": "0", "operator": "Ada",
        "phase": "one", "version": V, "stage": stage, "state": state,
        "detail": {"findings": list(rows), **detail},
    }  # fmt: skip


EVENTS = [
    event("approval", "done", token="aaaa", files={V: "0"}, other_approver="Grace, by her login"),
    event("precheck", rows=[["Lint", "x.sql", "none", "adds <b>a lock</b>", "WARN"]]),
    event(
        "apply",
        rows=[["Existing rows", "public.t", "none lost", "3 of 3 untouched", "PASS"],
              ["Locks", "public.t", "none blocked", "ShareLock until the commit", "PASS"]],
        xid="77", held_at_most_s=0.25, before="a" * 64, catalog="b" * 64,
    ),
    event(
        "test",
        rows=[["Sample", "s", "as declared", "as declared", "PASS"],
              ["key", "k", "tried", "stood in the way", "SKIP"]],
        access=[["public.t", "anon", "SELECT", 1, 3], ["public.t", "anon", "INSERT", 0, 3],
                ["public.t", "service_role", "SELECT", 3, 3]],
        access_changes=["anon can read 1 of 3 rows of public.t; it could read none"],
    ),
]  # fmt: skip
LOG = [{
    "number": 1, "migration": "wizard", "version": V, "risk": "low", "status": "Completed",
    "started": "2026-11-22 12:00:00 UTC", "completed": "2026-11-22 12:00:05 UTC",
    "issues": ["issue 1 (Ada, open): the policy is too wide"], "tests": "1 of 1 passed, 1 skipped",
    "access": "anon can read more", "operators": ["Ada"],
}]  # fmt: skip


def executed() -> Any:
    nb = notebook("# Event Wizard", "## 1 · wizard\nCreates a table.", 'wizard = phase["wizard"]',
                  "wizard.apply()", "wizard.test()", "print('never')")  # fmt: skip
    nb = nbformat.from_dict(nb)
    for number, cell in enumerate(nb.cells):
        status = "pending" if number == 5 else "completed"
        cell.metadata["papermill"] = {"status": status, "duration": None if number == 5 else 0.5}
    table = "<table><caption>F</caption><thead><tr><th scope='col'>check</th></tr></thead></table>"
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": table}}
    nb.cells[2].outputs = [nbformat.from_dict(output)]
    return nb


def document(**given: Any) -> dict[str, Any]:
    from runbook.audit import evidence

    return {
        "schema": 1, "id": "00000000", "phase": "01_one", "target": "env:STAGING",
        "server": {"key": "7/app", "database": "app", "role": "postgres", "version": "17.4"},
        "outcome": "passed", "exit_code": 0, "error": None, "started": closing.iso(NOON),
        "ended": closing.iso(NOON + timedelta(seconds=65)), "seconds": 65.0,
        "parameters": {"mode": "apply", "approve": "aaaa"},
        "operator": {"name": "Ada", "established": "given"},
        "notebook": {"path": "notebooks/01_one.ipynb", "sha256": "0" * 64},
        "sources": {"migrations/x.sql": "1" * 64}, "git": {"commit": "c" * 40, "dirty": False},
        "python": "3.11", "system": "Linux", "packages": {"papermill": "2.7"},
        "cells": list(code_cells(executed())), "log": LOG, "record": "20261122_one_00000000",
        **evidence.predicate(EVENTS), **given,
    }  # fmt: skip


FAILED = {"outcome": "failed", "error": {"kind": "CheckFailed", "what": "1 finding says `FAIL`.",
          "state": "Nothing was applied.", "remedy": "Mend the file."}}  # fmt: skip


@pytest.fixture(scope="module")
def text() -> str:
    return page.render(document(), executed(), files={"executed.ipynb": "2" * 64}, events=EVENTS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed, and only a browser can tell")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


def test_the_cover_says_what_where_who_when_verdict_and_next_steps(text: str):
    head = text[: text.index("<h2>Steps</h2>")]
    for words in (
        "✓ Passed", "notebooks/01_one.ipynb, mode apply", "database app as postgres, PostgreSQL",
        "<code>7/app</code>", "Ada (given)", "12:00:00 UTC", "1 min 5 s", "▲ 1 WARN · ○ 1 SKIP",
        "Settle the open issue of wizard: issue 1 (Ada, open): the policy is too wide",
        "plan token <code>aaaa</code> for 1 files, approved by Grace, by her login, used",
        "1 finding says WARN", "adds &lt;b&gt;a lock&lt;/b&gt;",
    ):  # fmt: skip
        assert words in head, words


def test_the_log_is_written_as_the_plan_writes_it(text: str):
    log = re.sub(r"<[^>]+>", "", text[text.index("<h3>Migration 1: wizard</h3>") :])
    lines = [line for line in log.splitlines() if line][:8]
    assert lines == [
        "Migration 1: wizard", "Status: Completed", "Started: 2026-11-22 12:00:00 UTC",
        "Completed: 2026-11-22 12:00:05 UTC", "Issues: issue 1 (Ada, open): the policy is too wide",
        "Tests: 1 of 1 passed, 1 skipped", "Access: anon can read more", "By: Ada",
    ]  # fmt: skip


def test_account_access_digests_and_the_verify_command_are_on_the_page(text: str):
    for words in (
        "wizard: what its transaction did to existing rows, and the locks it held for at most",
        "3 of 3 untouched", "ShareLock until the commit", "<code>77</code>",
        "anon can read 1 of 3 rows of public.t", "runbook audit verify 20261122_one_00000000",
        "0" * 64, "1" * 64, "2" * 64,
    ):  # fmt: skip
        assert words in text, words
    ((table, rows),) = cover.matrix(EVENTS)
    assert (table, rows[0]) == ("public.t", ("anon", ["1/3", "none", "–", "–"]))
    (way,) = cover.step_map(document(), {V: "wizard"})
    assert [cell.words for cell in way.cells] == [
        *("▲ WARN", "✓ PASS", "–", "✓ PASS", "–", "–")
    ]  # fmt: skip
    assert [cell.seconds for cell in way.cells] == [0.5, 0.5, None, 0.5, None, None]


def test_a_migration_in_parts_has_an_account_and_no_transaction_of_its_own():
    """An index built concurrently, a new enum value: the page was once plain JSON for these."""
    from runbook.audit import evidence

    parts = event(
        "apply", rows=[["Existing rows", "public.t", "none lost", "3 of 3 untouched", "PASS"]],
        parts=2, seconds=0.25, before="a" * 64, catalog="b" * 64,
    )  # fmt: skip
    given = evidence.predicate([EVENTS[1], parts])
    text = page.render(document(**given), executed(), events=[EVENTS[1], parts])
    said = "wizard: what its 2 parts, each committed by itself, did to existing rows"
    assert said in text
    assert f"<p>Catalog before <code>{'a' * 16}…</code>, after <code>{'b' * 16}…</code>" in text
    assert "<p>Transaction" not in text


def test_next_steps_follow_from_what_is_left():
    pending = [{**LOG[0], "status": "Pending", "issues": []}]
    check = document(log=pending, verdicts=[], parameters={"mode": "check"})
    assert cover.next_steps(check) == [
        "Not applied yet: wizard.",
        "Have the plan token approved, then run again with `--mode apply --approve TOKEN`.",
    ]
    done = document(log=[{**LOG[0], "issues": []}], verdicts=[])
    assert cover.next_steps(done) == ["Nothing is left to do."]
    assert cover.next_steps(document(**FAILED, log=[], verdicts=[])) == ["Mend the file."]
    looked = document(log=[], verdicts=[], parameters={"mode": "check", "versions": "1"})
    assert cover.next_steps(looked)[0].startswith("Nothing was taken back in mode check.")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two records and their page."""
    folder = tmp_path_factory.mktemp("pages") / "runs"
    for number, given in enumerate(({}, FAILED)):
        name = archive.name(NOON + timedelta(minutes=number), "01_one", "env:STAGING")
        draft = archive.begin(folder, name)
        said = document(**{**given, "started": closing.iso(NOON + timedelta(minutes=number))})
        closing.close(draft, said, executed(), Witnesses())
    listing.write(folder)
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("which", ["passed", "failed", "index"])
def test_axe_finds_nothing_and_nothing_overflows(
    browser, runs: Path, tmp_path: Path, text: str, which: str, width: int, scheme: str
):
    from axe_playwright_python.sync_playwright import Axe

    place = runs / "index.html"
    if which != "index":
        given = FAILED if which == "failed" else {}
        place = tmp_path / "record.html"
        place.write_text(page.render(document(**given), executed(), events=EVENTS))
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab = context.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(place.as_uri())
    found = Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert asked == [place.as_uri()]
    context.close()


def test_on_paper_nothing_is_cut_off_and_the_ink_is_dark(browser, text: str, tmp_path: Path):
    (tmp_path / "record.html").write_text(text)
    context = browser.new_context(viewport={"width": 680, "height": 900}, color_scheme="dark")
    tab = context.new_page()
    tab.emulate_media(media="print", color_scheme="dark")
    tab.goto((tmp_path / "record.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ink = "getComputedStyle(document.body)."
    assert tab.evaluate(f"[{ink}color, {ink}backgroundColor]") == [
        "rgb(0, 0, 0)", "rgb(255, 255, 255)"
    ]  # fmt: skip
    context.close()


def test_a_table_is_sorted_from_the_keyboard_and_comes_back_to_the_order_it_was_made_in(
    browser, tmp_path: Path
):
    took_s = (75.0, 0.04, 3.2, None)
    cells = [{**c, "seconds": s} for c, s in zip(document()["cells"], took_s, strict=True)]
    made = page.render(document(cells=cells), executed(), events=EVENTS)
    (tmp_path / "record.html").write_text(made)
    tab = browser.new_page()
    tab.goto((tmp_path / "record.html").as_uri())
    table = tab.get_by_role("table", name=re.compile("Every cell in order"))
    header = table.get_by_role("columnheader", name="Duration")
    took = "table => [...table.tBodies[0].rows].map(row => row.cells[4].innerText)"
    numbers = "table => [...table.tBodies[0].rows].map(row => Number(row.cells[0].innerText))"
    assert header.get_attribute("aria-sort") is None
    header.get_by_role("button", name="Duration").focus()
    tab.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") == "ascending"
    assert table.evaluate(took) == ["40 ms", "3.2 s", "1 min 15 s", "–"]
    tab.keyboard.press("Space")
    assert header.get_attribute("aria-sort") == "descending"
    assert table.evaluate(took) == ["1 min 15 s", "3.2 s", "40 ms", "–"]  # what is not there: last
    tab.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") is None
    assert table.evaluate(numbers) == [1, 2, 3, 4]
    assert table.get_by_role("button", name="Status").count() == 1
    # Rows that belong together by a cell over several stay together: no buttons.
    access = tab.get_by_role("table", name=re.compile("What each role may do"))
    assert access.get_by_role("button").count() == 0
    tab.close()


def test_records_can_be_searched_and_filtered_without_a_network(browser, runs: Path):
    tab = browser.new_page()
    tab.goto((runs / "index.html").as_uri())
    shown = "[...document.querySelectorAll('tbody tr')].filter(r => !r.hidden).length"
    assert tab.evaluate(shown) == 2
    tab.get_by_label("Search").fill("fail finding")
    assert tab.evaluate(shown) == 1
    assert tab.get_by_role("status").inner_text() == "1 of 2 records shown"
    tab.get_by_role("button", name="Show all").click()
    tab.get_by_label("Outcome").select_option("✓ Passed")
    assert tab.get_by_role("status").inner_text() == "1 of 2 records shown"
    tab.get_by_label("Search").fill("nothing like it")
    assert tab.evaluate(shown) == 0
    tab.close()


def test_the_list_stands_without_its_script_and_links_to_every_record(runs: Path):
    made = (runs / "index.html").read_text()
    for item in record.records(runs):
        assert f'href="{item.name}/record.html"' in made
    assert "hidden>" in made[made.index("<form") : made.index("</form")]
    assert "unsafe-inline'; script-src 'sha256-" in made


def test_two_runs_side_by_side_name_what_differs(runs: Path):
    a, b = record.records(runs)
    assert {(row.kind, row.of) for row in differing.differences(a, b)} == {
        ("run", "outcome"), ("run", "started"), ("run", "seconds"),
    }  # fmt: skip
    one = record.Record(**{**vars(a), "document": document()})
    changed = [{**LOG[0], "status": "Failed"}]
    account = [{**one.document["account"][0], "catalog": "c" * 64}]
    account[0]["rows"] = [["Existing rows", "public.t", "2 of 3 untouched", "WARN"]]
    cells = [{**cell, "seconds": 9.0} if "apply" in cell["line"] else cell
             for cell in one.document["cells"]]  # fmt: skip
    other = record.Record(**{
        **vars(a), "document": document(log=changed, account=account, cells=cells,
                                        sources={"migrations/x.sql": "9" * 64})
    })  # fmt: skip
    kinds = {row.kind: row for row in differing.differences(one, other)}
    assert kinds["log"].of == "wizard · status"
    assert (kinds["time"].a, kinds["time"].b) == ("0.5 s", "9.0 s")
    assert kinds["catalog"].of == "after wizard"
    assert kinds["files"].of == "migrations/x.sql"
    assert kinds["rows and locks"].of.startswith("wizard · ")


def test_differing_verdicts_and_access_come_from_the_journals():
    other = [dict(each) for each in EVENTS]
    detail = {**EVENTS[3]["detail"], "access": [["public.t", "anon", "SELECT", 3, 3]]}
    detail["findings"] = [["Sample", "s", "as declared", "1 differs", "FAIL"]]
    other[3] = {**EVENTS[3], "detail": detail}
    (verdict,) = [
        row for row in differing._verdicts(EVENTS, other) if row.of == f"{V} · test · Sample · s"
    ]
    assert (verdict.a, verdict.b) == ("PASS: as declared", "FAIL: 1 differs")
    rows = {row.of: (row.a, row.b) for row in differing._access(EVENTS, other)}
    assert rows["public.t · anon · SELECT"] == ("1/3", "all")
