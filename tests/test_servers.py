"""Real servers: another major, every way to reach one, and what stands in between."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import servers
from runbook.errors import CheckFailed, TargetRefused
from runbook.postgres import production_state
from runbook.servers import unreachable
from runbook.target import Target, identify, open_target, require_fit
from runbook.twins import schema_copy
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

TARGET = "env:RUNBOOK_TEST_TARGET"
SHOP = """
create role app login; create role stranger login;
create table public.orders (id int primary key, total int not null default 0);
alter table public.orders owner to app;
alter table public.orders enable row level security;
insert into public.orders values (1, 10);
create function public.price() returns int language sql as 'select 1';
grant create, usage on schema public to app, stranger;
"""


@pytest.fixture(scope="module")
def fifteen() -> Iterator[servers.Cluster]:
    """PostgreSQL 15, as Debian ships it."""
    with servers.cluster(15) as cluster:
        cluster.sql(SHOP)
        yield cluster


def _target(monkeypatch: pytest.MonkeyPatch, conninfo: str) -> Target:
    monkeypatch.setenv("RUNBOOK_TEST_TARGET", conninfo)
    return open_target(TARGET, Path())


def _refused(monkeypatch: pytest.MonkeyPatch, conninfo: str) -> TargetRefused:
    target = _target(monkeypatch, conninfo)
    with pytest.raises(TargetRefused) as caught, target.connect() as conn:
        require_fit(target, conn, identify(conn))
    return caught.value


# -- what is there ------------------------------------------------------------------------------


def test_a_plain_postgresql_15_takes_a_migration_through_all_five_stages(
    project: Project, fifteen: servers.Cluster, monkeypatch: pytest.MonkeyPatch
):
    _five_stages(project, fifteen, 15, monkeypatch)


@pytest.mark.parametrize("major", [16, 17])
def test_so_do_the_majors_between_it_and_the_embedded_one(
    project: Project, monkeypatch: pytest.MonkeyPatch, major: int
):
    with servers.cluster(major) as cluster:
        cluster.sql(SHOP)
        _five_stages(project, cluster, major, monkeypatch)


def _five_stages(
    project: Project, cluster: servers.Cluster, major: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the tables' owner, by TCP; the twin, of a newer major, says that it is one."""
    cluster.sql("create database shop template postgres owner app")
    conninfo = cluster.conninfo(host="127.0.0.1", user="app", dbname="shop")
    monkeypatch.setenv("RUNBOOK_TEST_TARGET", conninfo)
    version = project.add(
        "notes",
        "create table public.notes (id int primary key, order_id int references public.orders);\n"
        "alter table public.notes enable row level security;\n"
        "create index notes_order_id_idx on public.notes (order_id);\n",
        tables=("public.notes",),
        rollback="drop table public.notes;\n",
        scenario="-- name: the owner sees the order\n-- as: owner\n-- expect: 1 row\n"
        "select from public.orders;\n",
    )
    checked = project.open(target=TARGET)
    shown = str(checked[version].precheck())
    unlike = checked.rehearsal(project.migration(version)).unlike
    assert len(unlike) == 1
    assert unlike[0].startswith(f"what PostgreSQL {major} does otherwise than 18")
    assert "objects that it touches, as app" in shown
    token = str(checked.token()).split(": ")[1].split()[0]
    project.close(version, target=TARGET, mode="apply", approve=token)
    with psycopg.connect(conninfo) as conn:
        assert conn.execute("select to_regclass('public.notes')::text").fetchone() == ("notes",)


def test_a_role_that_owns_nothing_is_told_what_it_cannot_change_before_anything_runs(
    project: Project, fifteen: servers.Cluster, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RUNBOOK_TEST_TARGET", fifteen.conninfo(user="stranger"))
    version = project.add(
        "change",
        "create table public.notes (id int);\nalter table public.notes enable row level security;\n"
        "alter table public.orders add column note text;\n"
        "create policy mine on public.orders using (true);\n"
        "create or replace function public.price() returns int language sql as 'select 2';\n"
        "update public.orders set total = 2;\ncomment on schema public is 'mine';\n"
        "create schema other;\ngrant select on public.orders to stranger;\n",
        tables=("public.notes",),
    )
    before = fifteen.sql("select count(*) from pg_class")
    with pytest.raises(CheckFailed):
        project.step(version, target=TARGET).precheck()
    with psycopg.connect(fifteen.conninfo(user="stranger")) as conn:
        from runbook.servers.permission import permissions

        rows = list(permissions(conn, project.migration(version)))
    assert {(row.object, row.verdict) for row in rows} == {
        ("relation public.orders", "FAIL"),
        ("function public.price", "FAIL"),
        ("schema public", "FAIL"),
        ("database postgres", "FAIL"),
    }
    said = " ".join(f"{row.expected} {row.observed}" for row in rows)
    assert "stranger holds UPDATE on it" in said
    assert "line 3: owned by app, and stranger may not" in said
    assert fifteen.sql("select count(*) from pg_class") == before


def test_a_server_older_than_the_oldest_supported_is_refused(
    fifteen: servers.Cluster, monkeypatch: pytest.MonkeyPatch
):
    target = _target(monkeypatch, fifteen.conninfo())
    with target.connect() as conn:
        require_fit(target, conn, identify(conn))
        with pytest.raises(TargetRefused, match=r"PostgreSQL 15\.\d+; 16 is the oldest"):
            require_fit(target, conn, identify(conn), oldest=16)


def test_a_streaming_standby_is_refused(fifteen: servers.Cluster, monkeypatch: pytest.MonkeyPatch):
    with servers.standby(fifteen) as replica:
        error = _refused(monkeypatch, replica.conninfo())
    assert "standby in recovery" in error.what
    assert "primary" in error.remedy


def test_a_standby_that_lets_nobody_in_says_to_wait(
    fifteen: servers.Cluster, monkeypatch: pytest.MonkeyPatch
):
    with servers.standby(fifteen, hot_standby="off") as replica:
        error = _refused(monkeypatch, replica.conninfo())
    assert "takes nobody in at the moment" in error.remedy


def test_a_role_whose_sessions_start_read_only_is_refused(
    fifteen: servers.Cluster, monkeypatch: pytest.MonkeyPatch
):
    fifteen.sql("create role reader login; alter role reader set default_transaction_read_only=on")
    error = _refused(monkeypatch, fifteen.conninfo(user="reader"))
    assert "default_transaction_read_only = on" in error.what


# -- ways there ---------------------------------------------------------------------------------


def test_a_service_leads_there_over_tcp(
    fifteen: servers.Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    file = tmp_path / "pg_service.conf"
    file.write_text(f"[shop]\nhost=127.0.0.1\nport={fifteen.port}\nuser=app\ndbname=postgres\n")
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    target = open_target("service=shop", tmp_path)
    with target.connect() as conn:
        require_fit(target, conn, identify(conn))
        assert (identify(conn).role, identify(conn).major) == ("app", 15)
    with pytest.raises(TargetRefused) as caught:
        open_target("service=other", tmp_path).connect()
    assert "PGSERVICEFILE" in caught.value.remedy


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"host": "127.0.0.1", "port": 1}, "Nothing listens at that host and port"),
        ({"host": "/nowhere"}, "No server has its socket there"),
        ({"host": "no-such-host.invalid"}, "Check the host's name"),
        ({"host": "127.0.0.1", "sslmode": "require"}, "This server speaks no TLS"),
        ({"user": "nobody"}, "Check the user's name"),
        ({"dbname": "nothing"}, "Check the database's name"),
    ],
)
def test_a_way_that_ends_nowhere_is_explained(
    fifteen: servers.Cluster, monkeypatch: pytest.MonkeyPatch, wrong: dict, remedy: str
):
    assert remedy in _refused(monkeypatch, fifteen.conninfo(**wrong)).remedy


def test_a_host_with_ipv6_only_is_explained_where_there_is_no_way_to_it():
    """In a network of its own, which has no route to anywhere."""
    program = (
        "import os, pathlib; from runbook.target import open_target\n"
        "os.environ['T'] = 'host=2001:db8::1 dbname=x user=y'\n"
        "open_target('env:T', pathlib.Path('.')).connect()"
    )
    alone = ["unshare", "--net", *(["--map-root-user"] if os.getuid() else [])]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody make a network namespace")
    done = subprocess.run(
        [*alone, sys.executable, "-c", program], capture_output=True, text=True, check=False,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))}, timeout=60,
    )  # fmt: skip
    assert "2001:db8::1 has IPv6 addresses only" in done.stderr, done.stderr
    assert "session pooler" in done.stderr


def test_what_a_server_says_comes_before_what_the_network_says():
    said = 'connection to server at "x" failed: FATAL: password authentication failed for user "y"'
    assert ".pgpass" in unreachable.remedy(said, "localhost")
    assert "Check that the server is up" in unreachable.remedy("something new", "")


def test_tls_is_verified_in_full_and_a_wrong_name_or_ca_is_explained(
    project: Project, fifteen: servers.Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("HOME", str(tmp_path))  # nobody's own root.crt
    authority = servers.give_certificate(fifteen, "localhost", tmp_path)
    secure = {"host": "localhost", "hostaddr": "127.0.0.1", "sslmode": "verify-full"}
    target = _target(monkeypatch, fifteen.conninfo(**secure, sslrootcert=authority))
    with target.connect() as conn:
        require_fit(target, conn, identify(conn))
        encrypted = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
        assert conn.execute(encrypted).fetchone() == (True,)
    embedded = production_state.server(tmp_path)
    assert b"CREATE TABLE public.orders" in schema_copy.dump(embedded, target)

    other = fifteen.conninfo(**{**secure, "host": "db.example"}, sslrootcert=authority)
    assert "The certificate belongs to another host" in _refused(monkeypatch, other).remedy
    missing = fifteen.conninfo(**secure, sslrootcert=tmp_path / "none.crt")
    assert "name its file with sslrootcert" in _refused(monkeypatch, missing).remedy
    for name in ("Another CA", "Test CA"):  # the second as if the CA's key had been changed
        servers.make_authority(tmp_path / "another.crt", name)
        wrong = fifteen.conninfo(**secure, sslrootcert=tmp_path / "another.crt")
        assert "sslrootcert must name the file with the CA" in _refused(monkeypatch, wrong).remedy


# -- poolers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "settings"),
    [
        ("transaction", {}),
        ("transaction", {"default_pool_size": 1}),
        ("transaction", {"server_round_robin": 1}),
        ("statement", {}),
    ],
)
def test_a_pooler_that_splits_sessions_is_refused_with_the_address_to_use(
    fifteen: servers.Cluster, monkeypatch: pytest.MonkeyPatch, mode: str, settings: dict
):
    with servers.pooler(fifteen, mode, **settings) as conninfo:
        if "server_round_robin" in settings:  # two of the server's sessions that take turns
            with psycopg.connect(conninfo) as one, psycopg.connect(conninfo) as two:
                one.execute("select 1")
                two.execute("select 1")
        error = _refused(monkeypatch, conninfo)
    assert "behind a transaction pooler" in error.what
    assert "port 5432, not 6543" in error.remedy


def test_a_session_pooler_is_accepted_and_who_blocks_is_still_seen(
    project: Project, fifteen: servers.Cluster, monkeypatch: pytest.MonkeyPatch
):
    """What libpq takes for the server's process is the pooler's; the blockers are the server's."""
    from runbook.applying.waiting import Limits, watched

    with servers.pooler(fifteen, "session") as conninfo:
        target = _target(monkeypatch, conninfo)
        seen: list[str] = []
        with target.connect() as conn, psycopg.connect(fifteen.conninfo()) as other:
            require_fit(target, conn, identify(conn))
            other.execute("lock table public.orders")
            conn.execute("set lock_timeout = '2s'")
            watching = watched(target, conn, Limits(lock_timeout_ms=400), lambda p: seen.append(p))
            with watching as watch, pytest.raises(psycopg.errors.LockNotAvailable):
                conn.execute("select from public.orders")
            assert [blocker.pid for blocker in watch.blockers] == [other.info.backend_pid]
