"""A copy of a target's schema on the embedded server: pg_dump there, psql here, gone afterwards.

The target is only read. What the copy lacks is said in words, never assumed.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
from psycopg import sql

from .. import embedded
from ..errors import LockTimeout, RunbookError
from ..postgres import production_state
from ..servers.bridge import bridge
from ..servers.lending import lend_roles
from ..target import Target

_DUMP_TIMEOUT_S = 600
_LOCK_WAIT_MS = 10_000  # pg_dump reads under ACCESS SHARE, and would wait as long as it takes


@contextmanager
def copied(target: Target) -> Iterator[tuple[psycopg.Connection, list[str]]]:
    """A database restored from the target's schema, gone afterwards; and what it lacks."""
    if not target.keeps_session:  # pg_dump needs one
        from ..over_mcp.copy import replayed

        with replayed(target) as made:
            yield made
        return
    server = production_state.server(target.project)
    name = f"twin_{os.getpid()}_{uuid.uuid4().hex[:12]}"
    dumped = dump(server, target)
    with closing(psycopg.connect(server.conninfo("template1"), autocommit=True)) as conn:
        create = sql.SQL("create database {} template template0")
        conn.execute(create.format(sql.Identifier(name)))
    try:
        user, unlike = lend_roles(server, target, name)
        unlike += _restore(server, name, dumped)
        there = server.conninfo(name, user)
        with psycopg.connect(there, autocommit=True, prepare_threshold=None) as conn:
            yield conn, unlike
    finally:
        embedded.drop(server, name)


def dump(server: embedded.Server, target: Target) -> bytes:
    """pg_dump of the target's schema, through a connection of ours."""
    command = [
        str(server.bin_dir / "pg_dump"), "--schema-only", "--exclude-schema=runbook",
        f"--lock-wait-timeout={_LOCK_WAIT_MS}",
    ]  # fmt: skip
    with bridge(target, purpose="dump") as environment:
        done = subprocess.run(
            command, env=environment, capture_output=True, timeout=_DUMP_TIMEOUT_S, check=False
        )
    if done.returncode:
        raise _not_dumped(target, done.stderr.decode(errors="replace"))
    return done.stdout


def _not_dumped(target: Target, said: str) -> RunbookError:
    from ..redact import redact

    what = f"The schema of {target.name} could not be dumped"
    if "LOCK TABLE" in said:  # pg_dump's only statement that waits for others, in any language
        return LockTimeout(
            f"{what}: somebody holds one of its tables in ACCESS EXCLUSIVE mode, and held it for"
            f" {_LOCK_WAIT_MS / 1000:g} s.",
            state="It was only read; nothing was started.",
            remedy="`runbook handover` names who holds locks. Try again when they are through.",
        )
    return RunbookError(f"{what}: {redact(said.strip().splitlines()[-1])}")


def _restore(server: embedded.Server, name: str, dumped: bytes) -> list[str]:
    """Restore as superuser, statement by statement; every error is something the twin lacks."""
    superuser = server.conninfo(name, "supabase_admin")
    command = [str(server.bin_dir / "psql"), "-X", "-q", "-d", superuser]
    settings = "-c synchronous_commit=off -c client_min_messages=error"
    environment = {**os.environ, "PGOPTIONS": settings}
    done = subprocess.run(
        command, input=dumped, env=environment, capture_output=True, timeout=_DUMP_TIMEOUT_S,
        check=False,
    )  # fmt: skip
    errors = done.stderr.decode(errors="replace").splitlines()
    return [line.partition("ERROR:")[2].strip() for line in errors if "ERROR:" in line]
