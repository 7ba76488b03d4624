"""What an operator gets into at night, in JupyterLab, and gets out of again."""

from __future__ import annotations

from at_the_seat import Lab, Seat
from sandbox import Project, until

pytest_plugins = ("engine_fixtures",)

TABLE = (
    "create table public.one (id int primary key);\n"
    "alter table public.one enable row level security;\n"
)
ASLEEP = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"


def _two_migrations(project: Project) -> tuple[str, str]:
    one = project.add("one", TABLE, tables=("public.one",))
    two = project.add("two", TABLE.replace("one", "two"), tables=("public.two",))
    return one, two


def test_a_cell_before_its_turn_is_refused_and_a_broken_file_is_mended(
    seat: Seat, lab: Lab, project: Project
):
    one, two = _two_migrations(project)
    project.file(one).write_text(TABLE.replace("create table", "create tabel"))
    seat.open(lab.phase_of(project))
    seat.run("lock_timeout_ms = 2000")
    seat.run("phase = open_phase")
    seat.says("phase = open_phase", 'syntax error at or near "tabel"')
    seat.says("phase = open_phase", "Nothing was started; the database is as it was.")

    project.file(one).write_text(TABLE)
    seat.run("phase = open_phase")
    seat.says("phase = open_phase", "Phase one on embedded")
    seat.run('two = phase["two"]')
    seat.says('two = phase["two"]', "two comes after one, which is pending.")
    seat.says('two = phase["two"]', "Run the cells of one first.")
    seat.run('one = phase["one"]')
    seat.run("one.verify()")
    seat.says("one.verify()", "Run the cell one.apply() first.")
    assert project.history() == []

    seat.run("one.apply()")
    seat.says("one.apply()", "apply · one")
    assert project.history() == [one]
    # A failing migration: it runs on the empty twin, and not on the rows of the target.
    project.sql("create table public.kept (id int primary key); insert into public.kept values (1)")
    for cell in ("one.verify()", "one.test()", "one.checkpoint()"):
        seat.run(cell)
    right = project.file(two).read_text()
    project.file(two).write_text("insert into public.kept values (1);\n" + right)
    seat.run('two = phase["two"]')
    seat.run("two.apply()")
    seat.says("two.apply()", "duplicate key value violates unique constraint")
    seat.says("two.apply()", "The transaction was rolled back: nothing of this migration remains.")
    assert project.history() == [one]
    project.file(two).write_text(right)
    seat.run('two = phase["two"]')
    seat.run("two.apply()")
    seat.says("two.apply()", "apply · two")
    assert project.history() == [one, two]


def test_the_stop_button_cancels_on_the_server_and_a_new_kernel_goes_on(
    seat: Seat, lab: Lab, project: Project
):
    one, two = _two_migrations(project)
    project.sql("create table public.kept (id int primary key); insert into public.kept values (1)")
    # A minute on the row of the target; the twin, which holds no rows, is through at once.
    slow = TABLE.replace("one", "two") + "select pg_sleep(60) from public.kept;\n"
    project.file(two).write_text(slow)
    seat.open(lab.phase_of(project))
    seat.menu("Run", "Run All Cells")
    until(lambda: project.value(ASLEEP) == 1, seconds=60)
    assert seat.prompt("two.apply()") == "[*]:"
    seat.press("Interrupt the kernel")
    until(lambda: project.value(ASLEEP) == 0, seconds=5)
    seat.says("two.apply()", "apply of two was interrupted.")
    seat.says("two.apply()", "the transaction rolled back: nothing remains.")
    assert project.history() == [one]
    assert seat.prompt("two.verify()") == "[ ]:"  # Run All stopped there

    project.file(two).write_text(TABLE.replace("one", "two"))
    seat.restart_and_run_all()
    seat.ended("phase.log()")
    assert project.history() == [one, two]
    before = project.everything()
    seat.restart_and_run_all()  # after success: shows what was recorded, changes nothing
    seat.ended("phase.log()")
    seat.says("two.apply()", "Nothing was run now.")
    assert project.everything() == before
