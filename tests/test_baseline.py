"""Existing data: measured once, compared in the same words, whoever asks."""

from __future__ import annotations

from runbook import history
from runbook.findings import FAIL, PASS, SKIP, WARN
from runbook.in_hand import baseline
from runbook.ledger import Author
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

ADA = Author("run", "ada")
TABLES = """
create table public.a (id int, at timestamptz, f float8, b bytea, i interval);
insert into public.a values
  (1, '2026-03-29 01:30+00', 0.1, '\\x00ff', '1 mon 2 days'), (2, null, 'nan', '', '-3:04');
create table public.empty (id int);
create table public."Odd.Name" (id int);
insert into public."Odd.Name" values (1), (1);
"""


def _written(project: Project) -> None:
    project.sql(TABLES)
    with project.connect() as conn:
        baseline.write(conn, ADA, baseline.measure(conn))


def _verdicts(project: Project) -> dict[str, tuple[str, str]]:
    with project.connect() as conn:
        return {row.object: (row.observed, row.verdict) for row in baseline.compare(conn)}


def test_without_a_measure_the_comparison_is_skipped(project: Project):
    assert [row[1] for row in _verdicts(project).values()] == [SKIP]


def test_untouched_rows_are_the_same_in_any_order_and_with_added_columns(project: Project):
    _written(project)
    project.sql(
        "alter table public.a add column more text default 'x'; create index on public.a (id)"
    )
    project.sql("update public.a set id = id")  # another physical order
    found = _verdicts(project)
    assert found["public.a"] == ("2 rows, same", PASS)
    assert found["public.Odd.Name"] == ("2 rows, same", PASS)
    assert found["public.empty"] == ("0 rows, same", PASS)


def test_who_asks_and_how_their_session_is_set_makes_no_difference(project: Project):
    _written(project)
    with project.connect() as conn:
        conn.execute("set timezone = 'Pacific/Kiritimati'")
        conn.execute("set datestyle = 'German'")
        conn.execute("set extra_float_digits = 0")
        conn.execute("set bytea_output = 'escape'")
        conn.execute("set intervalstyle = 'iso_8601'")
        rows = {row.object: row.verdict for row in baseline.compare(conn)}
        assert rows["public.a"] == PASS
        assert conn.execute("show timezone").fetchone() == ("Pacific/Kiritimati",)


def test_what_an_applied_migration_may_lose_is_a_warning_that_names_it(project: Project):
    _written(project)
    loss = "alter table public.a drop column b;\n"
    version = project.add("no_b", loss, may_lose=("public.a",))
    project.sql("delete from public.a where id = 1")
    with project.connect() as conn:
        rows = {row.object: row for row in baseline.compare(conn, project.plan)}
        assert rows["public.a"].verdict == FAIL, "declared, and not applied yet"
        history.ensure(conn)
        history.insert(conn, project.plan.migration(version))
        rows = {row.object: row for row in baseline.compare(conn, project.plan)}
    assert rows["public.a"].verdict == WARN
    assert f"{version}_no_b may" in rows["public.a"].observed


def test_changed_lost_and_swapped_rows_fail(project: Project):
    _written(project)
    project.sql("update public.a set f = 0.2 where id = 1")
    assert _verdicts(project)["public.a"] == ("2 rows, other contents", FAIL)
    project.sql("delete from public.a where id = 1")
    assert _verdicts(project)["public.a"] == ("1 rows, contents differ", FAIL)
    project.sql("alter table public.a drop column b")
    assert _verdicts(project)["public.a"] == ("1 rows, without column b", FAIL)
    project.sql("drop table public.a")
    assert _verdicts(project)["public.a"] == ("the table is gone", FAIL)


def test_rows_that_policies_would_hide_are_counted_or_the_measure_fails(project: Project):
    _written(project)
    project.sql("alter table public.a enable row level security")
    project.sql("alter table public.a force row level security")
    assert _verdicts(project)["public.a"][1] == PASS  # the role bypasses policies
