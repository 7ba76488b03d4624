"""What a file did that its SQL does not promise is named, and nothing else."""

from __future__ import annotations

import pytest
from promising import SHOP, run, surprises
from runbook.findings import FAIL, WARN


def test_nothing_is_unexpected_after_the_file_itself(conn):
    assert surprises(conn, SHOP, SHOP) == []


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ("create table public.other (id int)", "table public.other"),
        ("create index other on public.shops (at)", "index public.other"),
        ("create policy open on public.shops using (true)", "policy open on public.shops"),
        ("create function public.cheap(int, int) returns int language sql as 'select 1'", "cheap"),
        ("grant create on schema held to anon", "grant schema held to anon"),
        ("comment on schema held is 'mine'", "comment schema held"),
        ("alter table held.t add check (id > 0)", "constraint t_id_check on held.t"),
        ("alter table held.t enable row level security", "table held.t"),
        ("alter publication supabase_realtime add table held.t", "published table held.t in"),
        ("alter default privileges in schema held grant select on tables to anon", "default priv"),
    ],
)
def test_what_no_promise_covers_is_named(conn, extra, told):
    run(conn, "create schema held; create table held.t (id int)")
    rows = surprises(conn, SHOP, SHOP + extra)
    assert {row.verdict for row in rows} == {FAIL}
    assert told in " ".join(row.object for row in rows)


def test_only_the_promised_property_of_an_existing_object_may_change(conn):
    run(conn, SHOP)
    change = "alter table public.shops alter column price set default 5"
    assert surprises(conn, change, change) == []
    rows = surprises(conn, change, "alter table public.shops alter column price type numeric")
    assert [row.object for row in rows] == ["column public.shops.price"]


def test_what_goes_with_a_dropped_or_renamed_table_is_covered(conn):
    run(conn, SHOP)
    conn.execute("create table public.lines (id serial primary key, shop uuid unique, n int)")
    conn.execute("create view public.seen as select n from public.lines")
    for change in (
        "drop view public.seen; drop table public.lines",
        "alter table public.lines drop column shop",
        "alter table public.lines rename to rows; alter table public.rows rename n to m",
        "alter table public.shops rename to stores",
        "alter table public.shops alter column price type numeric(12, 2)",
        "create table public.parts (like public.lines including all)",
        "create table public.days (d date primary key) partition by range (d);"
        "create table public.day1 partition of public.days for values from ('2026-01-01')"
        " to ('2026-01-02'); create index on public.days (d)",
        "create table public.copy as select * from public.shops",
        "alter table public.lines add column s serial, add column i int generated always"
        " as identity",
        "create extension if not exists citext with schema extensions",
    ):
        with conn.transaction(force_rollback=True):
            assert surprises(conn, change, change) == [], change


def test_a_cascade_and_a_do_block_are_warnings(conn):
    run(conn, SHOP)
    with conn.transaction(force_rollback=True):
        cascade = "drop table public.shops cascade"
        rows = surprises(conn, cascade, cascade)
        assert {row.verdict for row in rows} == {WARN}
        assert "view public.names" in {row.object for row in rows}
    block = "do $$ begin create table public.made (id int); end $$"
    rows = surprises(conn, block, block)
    assert {row.verdict for row in rows} == {WARN}
    assert "DO block, line 1" in rows[0].observed
