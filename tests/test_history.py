"""The history tells five classes apart: applied, pending, edited, foreign, re-stamped."""

from __future__ import annotations

from runbook import history
from runbook.history import Row, classify
from sandbox import Project

pytest_plugins = ("engine_fixtures",)


def _three(project: Project) -> list[str]:
    return [project.add(name, f"select '{name} x';\n-- end\n") for name in ("a", "b", "c")]


def _row(project: Project, known: str, **changed) -> Row:
    migration = project.migration(known)
    given = {
        "version": known,
        "name": migration.name,
        "statements": tuple(s.source for s in migration.script.statements),
    }
    return Row(**{**given, **changed})


def test_a_database_without_the_table_has_everything_pending(project: Project):
    versions = _three(project)
    with project.connect() as conn:
        conn.execute("drop schema supabase_migrations cascade")
        found = classify(project.plan, history.read(conn))
    assert [m.version for m in found.pending] == versions
    assert found.applied == found.edited == found.foreign == found.out_of_order == ()


def test_the_classes_are_told_apart(project: Project):
    a, b, c = _three(project)
    rows = [
        _row(project, a),
        _row(project, c, statements=("select 'c y'",)),
        Row("20270101", "elsewhere", ("select 9",)),
    ]
    found = classify(project.plan, rows)
    assert [r.version for r in found.applied] == [a]
    assert [r.version for r in found.edited] == [c]
    assert [r.version for r in found.foreign] == ["20270101"]
    assert [m.version for m in found.pending] == [b]
    assert [m.version for m in found.out_of_order] == [b]
    assert found.restamped == ()
    assert found.holds(a)
    assert found.holds(c)
    assert not found.holds(b)


def test_a_blank_inside_a_literal_is_an_edit_and_layout_is_not(project: Project):
    a, b, _ = _three(project)
    rows = [_row(project, a, statements=("select 'ax'",)), _row(project, b)]
    project.file(b).write_text("/* new */ select\n  'b x'\n")
    found = classify(project.plan, rows)
    assert [r.version for r in found.edited] == [a]
    assert [r.version for r in found.applied] == [b]


def test_a_file_that_cannot_be_read_any_more_counts_as_edited(project: Project):
    a, b, _ = _three(project)
    rows = [_row(project, a), _row(project, b)]
    project.file(a).write_bytes(b"select 'M\xfcller';\n")
    project.file(b).write_text("selct;\n")
    assert [r.version for r in classify(project.plan, rows).edited] == [a, b]


def test_a_row_without_statements_is_taken_at_its_word(project: Project):
    a, *_ = _three(project)
    found = classify(project.plan, [_row(project, a, statements=None)])
    assert [r.version for r in found.applied] == [a]


def test_the_same_sql_under_another_version_is_recognised(project: Project):
    a, *_ = _three(project)
    found = classify(project.plan, [_row(project, a, version="20270101")])
    assert [(row.version, m.version) for row, m in found.restamped] == [("20270101", a)]
    other = classify(project.plan, [_row(project, a, version="20270101", statements=("select 2",))])
    assert other.restamped == ()


def test_columns_that_hosted_projects_have_are_left_alone(project: Project):
    a, *_ = _three(project)
    with project.connect() as conn:
        conn.execute("drop schema supabase_migrations cascade")
        history.ensure(conn)
        conn.execute(
            "alter table supabase_migrations.schema_migrations add created_by text,"
            " add idempotency_key text unique, add rollback text[]"
        )
        history.ensure(conn)
    project.engine(a)
    ((created_by, key, rollback),) = project.sql(
        "select created_by, idempotency_key, rollback from supabase_migrations.schema_migrations"
    )
    assert (created_by, key, rollback) == (None, None, None)
    with project.connect() as conn:
        assert history.delete(conn, a) is True
        assert history.delete(conn, a) is False
