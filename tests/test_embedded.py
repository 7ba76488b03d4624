"""The embedded server: it comes when asked, is shared, goes with its last user, and recovers."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from runbook import embedded
from runbook.errors import EmbeddedUnavailable, Held
from runbook.postgres import postmaster, seat

USER = """
import sys
from pathlib import Path
import psycopg
from runbook import embedded
with embedded.start(Path(sys.argv[1])) as server:
    with psycopg.connect(server.conninfo("template1")) as conn:
        print(conn.info.backend_pid and conn.execute(
            "select pg_postmaster_start_time()").fetchone()[0].timestamp(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder, not made yet, for a server of the test's own; the server's user can reach it."""
    with _folder() as folder:
        yield folder / "home"


@pytest.fixture(scope="module")
def shared_home() -> Iterator[Path]:
    """A home that is made already; its tests leave it as they find it, without a server."""
    with _folder() as folder:
        embedded.start(folder / "home").close()
        yield folder / "home"


@pytest.fixture
def made(shared_home: Path) -> Iterator[Path]:
    """A home that was made before and whose server does not run."""
    assert stopped(shared_home)
    yield shared_home
    assert stopped(shared_home)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="runbook-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for home in (folder / "home", *folder.glob("*/home")):
            embedded.reset(home)
        shutil.rmtree(folder)


def use(home: Path, *, python: str = sys.executable, **options: object) -> subprocess.Popen[str]:
    """Another process that holds the server until its stdin is closed."""
    return subprocess.Popen(
        [python, "-c", USER, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def soon(true: Callable[[], object]) -> bool:
    """Does it become true within some seconds?"""
    deadline = time.monotonic() + 20
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def data_of(home: Path) -> Path:
    return seat.find(home).data


def stopped(home: Path) -> bool:
    return soon(lambda: postmaster.pid(data_of(home)) is None)


def test_eight_processes_start_one_server_that_stops_with_the_last(home: Path) -> None:
    users = [use(home) for _ in range(8)]
    started = {user.stdout.readline() for user in users}
    assert len(started) == 1
    assert float(started.pop()) > 0
    for user in users[1:]:
        user.communicate()
    assert postmaster.ready(data_of(home))
    users[0].communicate()
    assert stopped(home)


def test_a_killed_user_does_not_keep_the_server(made: Path) -> None:
    user = use(made)
    assert user.stdout.readline()
    running = postmaster.pid(data_of(made))
    user.kill()
    user.communicate()
    assert stopped(made)
    with embedded.start(made):
        assert postmaster.pid(data_of(made)) not in {None, running}


def test_a_killed_server_recovers_with_what_was_committed(made: Path) -> None:
    with embedded.start(made) as server:
        conninfo = embedded.database(server, "postgres")
        with psycopg.connect(conninfo, autocommit=True) as conn:
            conn.execute("create table public.kept (id int)")
            os.kill(postmaster.pid(data_of(made)), signal.SIGKILL)
        # The first server is still held, as by a notebook that does not know yet.
        with embedded.start(made) as again, psycopg.connect(again.conninfo()) as conn:
            assert conn.execute("select count(*) from public.kept").fetchone() == (0,)
    assert stopped(made)


def test_a_killed_watcher_is_replaced(made: Path) -> None:
    with embedded.start(made):
        os.kill(int((made / "watcher.lock").read_text()), signal.SIGKILL)
        assert soon(
            lambda: (
                (free := postmaster.locked(made / "watcher.lock", wait_seconds=0))
                and os.close(free) is None
            )
        )
        running = postmaster.pid(data_of(made))
        with embedded.start(made):
            assert postmaster.pid(data_of(made)) == running
    assert stopped(made)


def test_a_stale_pid_file_of_a_living_stranger_is_no_obstacle(made: Path) -> None:
    with embedded.start(made):
        data = data_of(made)
        lines = postmaster.told(data)
    assert soon(lambda: postmaster.pid(data) is None)
    owner = data.stat()
    with subprocess.Popen(
        ["sleep", "60"], **({"user": owner.st_uid} if os.geteuid() == 0 else {})
    ) as stranger:
        try:
            (data / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:]]))
            os.chown(data / "postmaster.pid", owner.st_uid, owner.st_gid)
            (data / "postmaster.pid").chmod(0o600)
            with embedded.start(made):
                assert stranger.poll() is None
            assert soon(lambda: postmaster.pid(data) is None)
            assert stranger.poll() is None
        finally:
            stranger.kill()


@pytest.mark.parametrize("name", ["spaces and " + "l" * 120, 'it\'s, "quoted": ä'])
def test_any_path_will_do_and_reset_leaves_nothing_there(home: Path, name: str) -> None:
    place = home.parent / name / "home"
    place.parent.mkdir()
    place.parent.chmod(0o755)
    with (
        embedded.start(place) as server,
        psycopg.connect(embedded.database(server, "postgres")) as conn,
    ):
        conn.execute("create extension vector with schema extensions")
    for _ in range(2):
        embedded.reset(place)
        assert sorted(path.suffix for path in place.iterdir()) == [".lock"] * 3
        assert not server.socket_dir.exists()


def test_a_folder_closed_to_others_stays_closed(home: Path) -> None:
    home.parent.chmod(0o700)
    with embedded.start(home) as server:
        with psycopg.connect(embedded.database(server, "postgres")) as conn:
            assert conn.execute("show is_superuser").fetchone() == ("off",)
        folder = data_of(home).parent
        assert home.parent.stat().st_mode & 0o777 == 0o700
        assert (folder / "data").stat().st_mode & 0o777 == 0o700
        assert server.socket_dir.stat().st_mode & 0o777 == 0o700
    embedded.reset(home)
    assert not (folder / "data").exists()


def test_programs_out_of_reach_are_copied(home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only a server started by root runs as another user")
    closed = home.parent / "closed"
    closed.mkdir(mode=0o700)
    home.mkdir()
    (closed / "pginstall" / "bin").mkdir(parents=True)
    shutil.copy("/bin/true", closed / "pginstall" / "bin" / "postgres")
    place = seat.find(home)
    reached = seat.reach(seat.Programs(closed, ("pginstall",)), place)
    assert home in reached.parents
    assert seat.reachable(reached / "bin" / "postgres", place.user)
    assert seat.reach(seat.Programs(closed, ("pginstall",)), place) == reached


def test_an_ordinary_user_can_start_it(home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("every other test runs as an ordinary user already")
    nobody = pwd.getpwnam("nobody")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    pythons = [sys.executable, shutil.which(f"python{version}", path="/usr/bin:/usr/local/bin")]
    python = next((p for p in pythons if p and seat.reachable(Path(p), nobody.pw_uid)), None)
    if python is None:
        pytest.skip(f"no Python {version} that the user nobody may run")
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    paths = [str(Path(embedded.__file__).parents[1]), *filter(None, sys.path)]
    environment = {"PYTHONPATH": os.pathsep.join(paths), "HOME": str(home), "PATH": os.defpath}
    user = use(
        home,
        python=python,
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        env=environment,
        cwd="/",
    )
    started = user.stdout.readline()
    assert started, user.communicate()[1]
    user.communicate()
    assert soon(lambda: postmaster.pid(home / "data") is None)
    assert (home / "data").stat().st_uid == nobody.pw_uid


def test_a_file_in_the_way_is_said_clearly(home: Path) -> None:
    home.parent.joinpath("file").write_text("")
    with pytest.raises(EmbeddedUnavailable, match="Not a directory"):
        embedded.start(home.parent / "file" / "home")


def test_a_folder_without_permission_is_said_clearly(home: Path) -> None:
    if os.geteuid() == 0:
        place = Path("/proc/runbook")  # not even root may make a folder there
        with pytest.raises(EmbeddedUnavailable, match="/proc/runbook"):
            embedded.start(place)
        return
    home.parent.chmod(0o500)
    with pytest.raises(EmbeddedUnavailable, match="may not work in") as refused:
        embedded.start(home)
    assert "RUNBOOK_HOME" in refused.value.remedy


def test_a_full_disk_is_said_clearly(home: Path) -> None:
    home.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m,mode=755", "none", home], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a small disk")
    try:
        with pytest.raises(EmbeddedUnavailable, match="has no room in") as refused:
            embedded.start(home)
        assert "Free some space" in refused.value.remedy
    finally:
        assert soon(lambda: subprocess.run(["umount", home], capture_output=True).returncode == 0)


def test_missing_programs_are_said_clearly(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(EmbeddedUnavailable, match="programs are missing"):
        embedded.start(home)


def test_a_start_that_hangs_names_its_process(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    monkeypatch.setattr(postmaster, "START_SECONDS", 0.1)
    held = postmaster.locked(home / "start.lock")
    with pytest.raises(EmbeddedUnavailable, match=f"process {os.getpid()}"):
        embedded.start(home)
    os.close(held)


def test_data_of_another_shape_is_left_alone(made: Path) -> None:
    with embedded.start(made):
        stamp = data_of(made).parent / "stamp"
    written = stamp.read_text()
    stamp.write_text("of another version")
    with pytest.raises(EmbeddedUnavailable, match="another version") as refused:
        embedded.start(made)
    assert "runbook reset" in refused.value.remedy
    stamp.write_text(written)
    embedded.start(made).close()


def test_an_interrupted_first_start_is_made_again(home: Path) -> None:
    home.mkdir()
    place = seat.find(home)
    place.own_folder(place.data)
    (place.data / "PG_VERSION").write_text("18\n")
    with embedded.start(home) as server:
        assert server.version.startswith("18.")


def test_reset_is_refused_while_others_use_it(made: Path) -> None:
    with embedded.start(made), pytest.raises(Held, match=f"process {os.getpid()}"):
        embedded.reset(made)
    assert data_of(made).exists()


def test_failed_preparation_leaves_no_database(server: embedded.Server) -> None:
    name = f"test_{uuid.uuid4().hex[:12]}"

    def fail(conn: psycopg.Connection) -> None:
        conn.execute("create table public.half (id int)")
        conn.execute("select 1 / 0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        embedded.database(server, name, prepare=fail)
    with psycopg.connect(server.conninfo("template1")) as conn:
        found = conn.execute("select from pg_database where datname like %s", [f"{name}%"])
        assert found.rowcount == 0
    with psycopg.connect(embedded.database(server, name)) as conn:
        assert conn.execute("select to_regclass('public.half')").fetchone() == (None,)
    embedded.drop(server, name)


def test_a_database_is_prepared_once_and_kept(server: embedded.Server) -> None:
    name = f"test_{uuid.uuid4().hex[:12]}"
    calls = []
    for _ in range(2):
        conninfo = embedded.database(
            server, name, prepare=lambda conn: calls.append(conn.info.user)
        )
    assert calls == ["postgres"]
    assert psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"] == name
    embedded.drop(server, name)
    embedded.drop(server, name)


@pytest.mark.parametrize("name", ["", "x" * 51, "template1", "supabase_shape"])
def test_names_that_cannot_be_a_database_are_refused(server: embedded.Server, name: str) -> None:
    with pytest.raises(EmbeddedUnavailable, match="is no name"):
        embedded.database(server, name)
