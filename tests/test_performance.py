"""Performance is measured on real plans, held against stated thresholds, and leaves nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from runbook import open_validation
from runbook.errors import CheckFailed, PlanInvalid
from runbook.findings import FAIL, PASS, SKIP, WARN, Finding
from runbook.performance import explain, judge, measure
from runbook.performance.explain import Seen
from runbook.performance.measure import POLICY, QUERY, VECTOR, Measured
from runbook.performance.plot import draw
from runbook.performance.thresholds import Thresholds
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

TABLES = """
create extension if not exists vector with schema extensions;
create table public.notes (id int primary key, owner uuid, word text, near extensions.vector(4));
create index notes_word_idx on public.notes (word);
create index notes_near_idx on public.notes using hnsw (near extensions.vector_cosine_ops);
alter table public.notes enable row level security;
grant select on public.notes to anon, authenticated;
create policy anybody on public.notes for select to anon using (true);
create policy slow on public.notes for select to authenticated using (pg_sleep(0.0001) is not null);
"""
SCENARIO = """
-- name: a note is written
-- as: owner
-- expect: 1 affected
insert into public.notes values (-1, null, 'mine');

-- name: scans are forbidden
-- as: owner
-- expect: ok
set local enable_seqscan = off;

-- name: a note is found by its word
-- as: anon
-- expect: 1 row
select id from public.notes where word = 'mine';

-- name: a note is found by nothing that is indexed
-- as: anon
-- expect: 1 row
select id from public.notes where owner is null;

-- name: nobody may write
-- as: anon
-- expect: error 42501
insert into public.notes values (-2);
"""
ROWS = """
insert into public.notes
select i, md5(i::text)::uuid, 'word ' || i, format('[%s,1,0,1]', i % 100)::extensions.vector
from generate_series(1, 400) as s (i);
insert into auth.users (id) values ('5ce00000-0000-4000-8000-000000000001');
analyze public.notes;
"""
SEEN = Seen(ms=9.0, rows=1, buffers=3, vain=0, scanned="", indexes=())


@pytest.fixture
def notes(project: Project) -> Project:
    version = project.add("notes", TABLES, tables=("public.notes",), scenario=SCENARIO)
    project.engine(version)
    project.sql(ROWS)
    return project


def _measured(project: Project) -> list[Measured]:
    with project.connect() as conn:
        return measure.measure(conn, project.plan)


def _limits(project: Project, text: str) -> None:
    project.plan_text(f'project = "Test"\n[performance]\n{text}\n')
    project.plan_text(project.plan_read() + "".join(project._entries))


def test_sample_queries_policies_and_vectors_are_measured_and_nothing_remains(
    notes: Project,
) -> None:
    before = notes.everything(), notes.value("select count(*) from public.notes")
    found = {(item.kind, item.what, item.actor): item for item in _measured(notes)}
    assert (notes.everything(), notes.value("select count(*) from public.notes")) == before
    indexed = found[QUERY, "a note is found by its word", "anon"].seen
    assert indexed.indexes == ("notes_word_idx",)
    assert (indexed.rows, indexed.vain) == (1, 0)
    # The scenario forbade scans to show that an index exists; the measure allows them.
    scanned = found[QUERY, "a note is found by nothing that is indexed", "anon"].seen
    assert (scanned.vain, scanned.scanned) == (401, "notes")
    assert {item.what for item in found.values() if item.kind == QUERY} == {
        "a note is found by its word",
        "a note is found by nothing that is indexed",
    }
    slow = found[POLICY, "count of what it may read", "authenticated"]
    assert slow.seen.ms > 20 > slow.without.ms
    vector = next(item for item in found.values() if item.kind == VECTOR)
    assert vector.recall == 1
    assert vector.seen.indexes == ("notes_near_idx",)


def test_a_sample_query_that_does_not_answer_as_expected_is_not_among_those_within_limits(
    notes: Project,
) -> None:
    notes.sql("insert into public.notes values (-3, md5('3')::uuid, 'mine')")
    rows = judge.judge(
        (item for item in _measured(notes) if item.kind == QUERY),
        Thresholds(),
    )
    [within, missing] = rows
    assert (within.observed, within.verdict) == ("1 query within", PASS)
    assert missing.verdict == SKIP
    assert missing.observed.startswith("1 query not measured: not as expected: 2 rows")


def test_what_is_beyond_a_threshold_fails_the_notebook_the_command_and_the_criterion(
    notes: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    def opened():
        return open_validation(target=notes.name, project=str(notes.root))

    assert PASS in repr(opened().performance())
    _limits(notes, "scan_rows = 400")
    assert notes.run("measure") == 0
    said = "401 rows of notes read one by one; indexes used: none"
    assert f"nothing that is indexed, as anon: {said}" in capsys.readouterr().out
    _limits(notes, "policy_ms = 5")
    with pytest.raises(CheckFailed, match="count of what it may read, as authenticated"):
        opened().performance()
    assert notes.run("measure") == 3
    capsys.readouterr()
    assert notes.run("validate", "--performance", "--json") == 3
    [row] = [
        row
        for row in json.loads(capsys.readouterr().out)["summary"]
        if row["check"] == "Performance acceptable"
    ]
    assert row["verdict"] == FAIL
    assert "measured: 1 FAIL" in row["observed"]


def test_each_threshold_is_its_own() -> None:
    limits = Thresholds()
    fine = Measured(POLICY, "public.t", "count", "anon", SEEN, without=SEEN)
    [row] = judge.judge([fine], limits)
    assert row == Finding(
        POLICY, "public.t", "≤ 1000 ms, ≤ 20 × without policies", "1 role within", PASS
    )
    for item, said in (
        (fine._replace(seen=SEEN._replace(ms=1_001)), "1,001 ms, 3 buffers"),
        (fine._replace(seen=SEEN._replace(ms=190.0)), "21.1 ×: 190 ms instead of 9 ms"),
        (fine._replace(kind=QUERY, seen=SEEN._replace(ms=251)), "251 ms, 3 buffers"),
        (fine._replace(kind=VECTOR, recall=0.8), "recall 0.80"),
    ):
        rows = judge.judge([item], limits)
        assert said in [row.observed for row in rows]
        assert {row.verdict for row in rows} == {FAIL}


def test_a_scan_in_vain_is_a_warning_and_what_the_test_itself_looks_up_is_none() -> None:
    item = Measured(QUERY, "notes", "found", "anon", SEEN._replace(vain=10_001, scanned="notes"))
    [row] = judge.judge([item], Thresholds())
    assert (row.observed, row.verdict) == (
        "10,001 rows of notes read one by one; indexes used: none",
        WARN,
    )
    whole = item.seen._replace(ms=9_000)
    [row] = judge.judge([item._replace(actor="owner", seen=whole)], Thresholds())
    assert row.verdict == PASS


def test_what_cannot_be_measured_is_a_skip_with_its_reason() -> None:
    item = Measured(VECTOR, "public.t", "nearest", "owner", None, "3 rows have an embedding")
    [row] = judge.judge([item], Thresholds())
    assert (row.observed, row.verdict) == ("3 rows have an embedding", SKIP)
    [checks] = judge.added([Finding("Performance acceptable", "1", "", "1 PASS", PASS)], [row])
    assert (checks.observed, checks.verdict) == ("1 PASS; measured: 1 SKIP", PASS)


def test_a_scan_that_keeps_what_it_reads_is_not_in_vain() -> None:
    def plan(kept: int, away: int) -> Seen:
        node = {"Node Type": "Seq Scan", "Relation Name": "t", "Actual Rows": kept}
        node |= {"Rows Removed by Filter": away, "Actual Loops": 1}
        top = {"Node Type": "Aggregate", "Actual Rows": 1, "Plans": [node]}
        return explain.read({"Plan": top, "Execution Time": 1.0})

    assert plan(50, 50).vain == 0
    assert plan(10, 90).vain == 100


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("query_mss = 1", "unknown key 'query_mss'"),
        ("query_ms = 0", "query_ms of"),
        ("query_ms = '1'", "must be a number above 0"),
        ("recall = 2", "at most 1"),
    ],
)
def test_thresholds_are_read_strictly_with_their_line(
    project: Project, text: str, said: str
) -> None:
    project.add("a", "select 1;\n")
    _limits(project, "policy_ms = 5\nrls_times = 1.5")
    assert project.plan.performance == Thresholds(policy_ms=5, rls_times=1.5)
    _limits(project, text)
    with pytest.raises(PlanInvalid, match=said) as error:
        assert project.plan
    assert "line 3" in str(error.value)


def test_sizes_are_for_embedded_targets_only(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.add("a", "select 1;\n")
    assert project.run("measure", "--rows", "9", "--target", "env:SOMEWHERE", target=False) == 2
    assert "not an embedded database" in capsys.readouterr().err


def test_the_picture_is_the_same_for_the_same_numbers(tmp_path: Path) -> None:
    runs = [
        (10**n, [Measured(kind, "t", "q", "anon", SEEN._replace(ms=float(n)), without=SEEN)
                 for kind in (QUERY, POLICY, VECTOR)])
        for n in (3, 4, 5)
    ]  # fmt: skip
    for name in ("one.svg", "two.svg"):
        draw(runs, tmp_path / name, title="Time against rows")
    one = (tmp_path / "one.svg").read_text()
    assert one == (tmp_path / "two.svg").read_text()
    assert one.startswith("<?xml")
