"""What users feel while a migration is applied: measured on a copy, never on the target."""

from __future__ import annotations

import json
from threading import Event
from xml.etree import ElementTree

import pytest
from runbook.load import chart
from runbook.load.felt import AFTER, BEFORE, DURING, Felt, Request, Stream, times
from sandbox import Background, Project

pytest_plugins = ("engine_fixtures",)

OLD = "create table public.old (id int primary key, word text); insert into public.old values (1)"
# The foreign key's lock is held for as long as the transaction goes on.
CHILD = """\
create table public.child (id int primary key, old int references public.old);
alter table public.child enable row level security;
select pg_sleep(0.6);
"""
LONELY = """\
create table public.lonely (id int primary key);
alter table public.lonely enable row level security;
"""
LOADS = "select datname from pg_stat_activity where application_name like 'runbook load %'"


def _by_kind(felt: Felt) -> dict[str, Stream]:
    return {stream.kind: stream for stream in felt.streams}


def test_writes_wait_for_a_foreign_key_reads_do_not_and_no_load_touches_the_target(
    project: Project, capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    project.sql(OLD)
    project.add("child", CHILD, tables=("public.child",), rollback="drop table public.child;\n")
    project.add("lonely", LONELY, tables=("public.lonely",), rollback="drop table public.lonely;\n")
    monkeypatch.setenv("SOMEWHERE", project.server.conninfo(project.database))
    before, target = project.everything(), "env:SOMEWHERE"
    offered = repr(project.open(target=target).load())
    assert "Not rehearsed under load as the files are now: child, lonely." in offered
    assert f"runbook rehearse --target {target} --load" in offered

    capfd.readouterr()
    loaded, over = set(), Event()

    def look() -> None:
        with project.connect() as looking:
            while not over.wait(0.05):
                loaded.update(name for (name,) in looking.execute(LOADS))

    looker = Background(look)
    code = project.run("rehearse", "--json", "--load", "--target", target, "--sample-rows", "5",
                       target=False)  # fmt: skip
    over.set()
    looker.result()
    assert code == 0
    assert loaded, "no load was seen"
    assert project.database not in loaded
    assert project.everything() == before

    document = json.loads(capfd.readouterr().out)
    child, lonely = document["migrations"]
    felt = {row["object"]: row for row in child["findings"] if row["check"] == "Felt by others"}
    assert felt["reads of public.old"]["observed"].endswith("0 waited for a lock")
    assert not felt["writes of public.old"]["observed"].endswith("; 0 waited for a lock")
    assert child["load"]["longest_ms"] > 300
    assert lonely["load"] is None
    assert "long transactions" in document["cannot_show"][0]

    phase = project.open(target=target)
    text, html = repr(phase.load()), phase.load()._repr_html_()
    assert "public.old: ShareRowExclusiveLock (blocks writes), 1 rows on the copy" in text
    assert "writes of public.old, during: p50 " in text
    assert "lonely: it locks no table that was there before: nobody waits for it." in text
    assert html.count("<img ") == 1
    assert child["load"]["title"] in html


def test_requests_that_the_migration_breaks_are_said_with_the_servers_words(
    project: Project, capfd: pytest.CaptureFixture
):
    project.sql(OLD)
    project.add("narrow", "alter table public.old drop column word;\n",
                rollback="alter table public.old add column word text;\n")  # fmt: skip
    capfd.readouterr()
    assert project.run("rehearse", "--json", "--load") == 0
    (narrow,) = json.loads(capfd.readouterr().out)["migrations"]
    rows = {row["object"]: row for row in narrow["findings"] if row["check"] == "Felt by others"}
    assert rows["reads of public.old"]["verdict"] == "WARN"
    assert 'column "word" does not exist' in rows["reads of public.old"]["observed"]
    assert rows["writes of public.old"]["verdict"] == "PASS"


def _felt(error: str = "") -> Felt:
    quick = tuple(Request(number / 10, 1.0) for number in range(10))
    stalled = (Request(0.95, 1_100.0, waited=True), Request(2.2, 2.0))
    streams = (
        Stream("read", "public.t", quick, error),
        Stream("write", "public.t", (*quick, *stalled)),
    )
    return Felt("slow", streams, 1.0, 2.0, 50, {"public.t": "AccessExclusiveLock"}, {"public.t": 7})


def test_a_request_counts_as_during_when_its_wait_touches_the_apply():
    felt = _felt()
    write = _by_kind(felt)["write"]
    counted = {when: len(felt.of(write, when)) for when in (BEFORE, DURING, AFTER)}
    assert counted == {BEFORE: 10, DURING: 1, AFTER: 1}
    assert felt.longest_ms == 1_100
    read, write = felt.findings()
    assert (read.observed, read.verdict) == ("no request fell into its time", "PASS")
    assert (write.expected, write.verdict) == ("answers within 1.0 s", "WARN")
    assert "1 waited for a lock" in write.observed


def test_percentiles_are_requests_that_were_made():
    found = times([Request(0, float(ms)) for ms in range(1, 101)])
    assert found is not None
    assert (found.count, found.p50, found.p95, found.longest) == (100, 50, 95, 100)
    assert times([]) is None


def test_the_picture_has_a_mark_for_each_request_and_says_the_same_in_words():
    picture = chart.draw(_felt(error="</text> & <b>"))
    drawing = ElementTree.fromstring(picture.svg)
    names = "{http://www.w3.org/2000/svg}"
    assert len(list(drawing.iter(f"{names}circle"))) == 10 + 1  # and one in the legend
    assert len(list(drawing.iter(f"{names}path"))) == 12 + 1
    told = [node.text for node in drawing.iter(f"{names}text")]
    assert "✕ </text> & <b>" in told
    assert "max 1.1 s" in told
    assert "apply: 1 waited for a lock" in told
    assert "writes of public.t, during: p50 1.1 s, p95 1.1 s, max 1.1 s (1)" in picture.text
    assert "1 request waited for it" in picture.title
