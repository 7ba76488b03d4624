"""No existing row is lost unseen: the transaction's own counters, asked before the commit."""

from __future__ import annotations

import pytest
from runbook.errors import NotApplied
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

ORDERS = """
create table public.orders (id int primary key, total numeric(10,2) not null default 1.25);
create table public.lines (
  id int primary key, order_id int references public.orders on delete cascade, qty int);
create table public.notes (id int primary key, order_id int references public.orders);
insert into public.orders values (1), (2);
insert into public.lines values (1, 1, 5), (2, 1, 6), (3, 2, 7);
create function public.purge() returns trigger language plpgsql as
  $$ begin delete from public.lines where order_id = old.id; return old; end $$;
create table public.parts (id int, at date) partition by range (at);
create table public.parts_2026 partition of public.parts
  for values from ('2026-01-01') to ('2027-01-01');
create table public.parts_rest partition of public.parts default;
insert into public.parts values (1, '2026-05-05'), (2, '2020-01-01');
create table public.parent (id int);
create table public.child () inherits (public.parent);
insert into public.child values (1);
create table public."Odd.Name" (id int);
insert into public."Odd.Name" values (1);
"""

LOSSES = {
    "a cascading delete": (
        "delete from public.orders where id = 1;",
        {"public.orders": "1 rows deleted", "public.lines": "2 rows deleted"},
    ),
    "a trigger": (
        "create trigger purge after update on public.orders for each row"
        " execute function public.purge();\nupdate public.orders set total = total;",
        {"public.orders": "2 rows changed", "public.lines": "3 rows deleted"},
    ),
    "an upsert": (
        "insert into public.orders values (1, 9), (7, 7) on conflict (id) do update"
        " set total = excluded.total;",
        {"public.orders": "1 rows changed"},
    ),
    "a type that rounds": (
        "alter table public.orders alter total type numeric(10,0);",
        {"public.orders": "truncated or rewritten"},
    ),
    "a truncate that cascades": (
        "truncate public.orders cascade;",
        {"public.orders": "truncated or rewritten", "public.lines": "truncated or rewritten"},
    ),
    "a dropped default partition": (
        "drop table public.parts_rest;",
        {"public.parts_rest": "dropped with its rows"},
    ),
    "an update inside a DO block": (
        "do $$ begin update public.lines set qty = 0 where id = 1; end $$;",
        {"public.lines": "1 rows changed"},
    ),
    "a dynamic statement": (
        "do $$ begin execute 'dele' || 'te from public.lines'; end $$;",
        {"public.lines": "3 rows deleted"},
    ),
    "a trigger that waits for the commit": (
        "create constraint trigger later after insert on public.orders deferrable initially"
        " deferred for each row execute function public.purge_all();\n"
        "insert into public.orders values (9);",
        {"public.lines": "3 rows deleted"},
    ),
    "a dropped column": (
        "alter table public.lines drop column qty;",
        {"public.lines": "a column dropped"},
    ),
    "a dropped table": ("drop table public.lines;", {"public.lines": "dropped with its rows"}),
    "a delete through the partitioned parent": (
        "delete from public.parts where id = 1;",
        {"public.parts_2026": "1 rows deleted"},
    ),
    "an update through the inherited parent": (
        "update public.parent set id = 2;",
        {"public.child": "1 rows changed"},
    ),
    "a name with a dot": (
        'delete from public."Odd.Name";',
        {'public."Odd.Name"': "1 rows deleted"},
    ),
    "a merge": (
        "merge into public.lines l using public.orders o on l.order_id = o.id"
        " when matched then delete;",
        {"public.lines": "3 rows deleted"},
    ),
    "a moved schema": (
        "create schema attic;\nalter table public.lines set schema attic;\n"
        "delete from attic.lines;",
        {"public.lines": "3 rows deleted"},
    ),
}


def _prepared(project: Project) -> None:
    project.sql(ORDERS)
    project.sql(
        "create function public.purge_all() returns trigger language plpgsql as"
        " $$ begin delete from public.lines; return null; end $$"
    )


def _contents(project: Project) -> list[object]:
    tables = ("orders", "lines", "notes", "parts", "parent", '"Odd.Name"')
    return [project.sql(f"select t::text from public.{table} t order by 1") for table in tables]


@pytest.mark.parametrize("loss", LOSSES)
def test_a_sneaky_loss_rolls_back_unless_the_plan_declares_it(project: Project, loss: str):
    text, expected = LOSSES[loss]
    _prepared(project)
    version = project.add("sneaky", text + "\n")
    before, rows = project.fingerprint(), _contents(project)
    with pytest.raises(NotApplied, match="that its plan does not declare") as caught:
        project.engine(version)
    for table, words in expected.items():
        assert f"{table}: " in caught.value.what
        assert words in caught.value.what
        assert f"'{table}'" in caught.value.remedy or f'"{table}"' in caught.value.remedy
    assert (project.fingerprint(), _contents(project), project.history()) == (before, rows, [])

    declared = project.add("declared", text + "\n", may_lose=tuple(expected))
    applied = project.engine(declared)
    rows = [f for f in applied.findings(project.migration(declared)) if f.check == "Existing rows"]
    warned = {f.object: f.observed for f in rows if f.verdict == "WARN"}
    assert set(warned) == set(expected)
    assert all(words in warned[table] for table, words in expected.items())
    assert project.history() == [declared]
    (event,) = (e for e in project.events(declared) if e.stage == "apply")
    assert event.detail["losses"]["declared"] == list(expected)
    assert set(event.detail["losses"]["lost"]) == set(expected)
    for table, words in expected.items():
        assert words in ", ".join(event.detail["losses"]["lost"][table])


def test_what_was_declared_and_not_lost_is_told_from_what_was(project: Project):
    _prepared(project)
    text = "delete from public.lines where id = 1;\n"
    version = project.add("less", text, may_lose=("public.orders", "public.lines"))
    applied = project.engine(version)
    findings = applied.findings(project.migration(version))
    rows = {f.object: f for f in findings if f.check == "Existing rows"}
    assert (rows["public.lines"].verdict, rows["public.orders"].verdict) == ("WARN", "PASS")
    assert rows["public.orders"].observed == "none lost; the plan declares that some may be"
    (event,) = (e for e in project.events(version) if e.stage == "apply")
    assert event.detail["losses"] == {
        "declared": ["public.orders", "public.lines"],
        "lost": {"public.lines": ["1 rows deleted"]},
    }


def test_what_an_earlier_run_of_a_file_in_parts_lost_is_not_forgotten(project: Project):
    _prepared(project)
    project.sql("create table public.twice (n int); insert into public.twice values (1), (1)")
    text = (
        "delete from public.lines where id = 1;\n"
        "create unique index concurrently twice_n on public.twice (n);\n"
    )
    version = project.add("parts", text, may_lose=("public.lines",))
    with pytest.raises(NotApplied):
        project.engine(version)
    project.sql("delete from public.twice where ctid = '(0,1)'")
    applied = project.engine(version)
    findings = applied.findings(project.migration(version))
    rows = {f.object: f for f in findings if f.check == "Existing rows"}
    assert rows["public.lines"].observed.endswith("1 rows deleted; declared in the plan")
    last = project.events(version)[-1]
    assert last.detail["losses"]["lost"] == {"public.lines": ["1 rows deleted"]}


def test_a_declaration_covers_only_the_table_it_names(project: Project):
    _prepared(project)
    text = "delete from public.orders where id = 1;\n"
    version = project.add("half", text, may_lose=("public.orders",))
    with pytest.raises(NotApplied, match=r": public\.lines: 2 rows deleted\."):
        project.engine(version)


def test_pure_additions_pass_and_are_counted(project: Project):
    _prepared(project)
    text = (
        "insert into public.orders values (8), (9);\n"
        "alter table public.orders add column memo text default 'none';\n"
        "create index on public.orders (total);\n"
        "create table public.fresh (id int);\ninsert into public.fresh values (1);\n"
        "update public.fresh set id = 2;\ndelete from public.fresh;\n"
    )
    version = project.add("adds", text, tables=("public.fresh",))
    findings = project.engine(version).findings(project.migration(version))
    rows = {f.object: (f.observed, f.verdict) for f in findings if f.check == "Existing rows"}
    assert rows["public.orders"] == ("2 inserted, 0 updated, 0 deleted", "PASS")
    assert "public.fresh" not in rows
    locks = {f.object: f for f in findings if f.check == "Locks"}
    assert locks["public.orders"].verdict == "WARN"
    assert "AccessExclusiveLock until the commit: blocks reads and writes" in (
        locks["public.orders"].observed
    )


def test_an_emptied_and_a_never_filled_table_may_go(project: Project):
    project.sql("create table public.empty (id int)")
    version = project.add("drops", "drop table public.empty;\n")
    applied = project.engine(version)
    assert applied.account is not None
    assert [t.losses for t in applied.account.touched] == []


def test_what_the_session_did_before_is_not_the_migrations(project: Project):
    from runbook import history, ledger
    from runbook.apply import apply
    from runbook.applying.waiting import Limits
    from runbook.ledger import Author

    _prepared(project)
    version = project.add("adds", "create table public.fresh (id int);\n", tables=("public.fresh",))
    target = project.target
    with target.connect() as conn:
        conn.execute("delete from public.lines")
        history.ensure(conn)
        ledger.ensure(conn)
        applied = apply(target, conn, project.migration(version), Author("r", "ada"), Limits())
    assert applied.account is not None
    assert applied.account.touched == ()


def test_what_a_block_took_back_itself_is_no_loss(project: Project):
    _prepared(project)
    text = (
        "do $$ begin\n"
        "  begin delete from public.orders; raise 'not this way';\n"
        "  exception when raise_exception then null; end;\n"
        "end $$;\n"
    )
    rows = _contents(project)
    applied = project.engine(project.add("tries", text))
    assert applied.account is not None
    assert (applied.account.touched, _contents(project)) == ((), rows)
