"""What the proofs alone cost: the engine's own statements as a script for psql, and nothing else.

Each phase's files go to a copy of the target's schema, with their rollback files (taken back) and,
of a high risk, their scenarios; then to the target, with their scenarios. Nothing is looked at:
no catalog, no lock, no row is counted, no attempt of the access matrix is made, nothing is written
down. So whoever wants these proofs pays this much, whatever tool sends them.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from runbook.plan import Migration, Plan
from runbook.scenarios import directives
from runbook.scenarios.actor import Actor

_QUIET = "\\set QUIET on\n\\set ON_ERROR_STOP on\n\\o /dev/null\nset client_min_messages = error;\n"


def script(plan: Plan, bin_dir: Path, target: str, superuser: str, twin: str, folder: Path) -> str:
    """A shell script; its SQL is written into `folder`, by whose name the copies are called.

    Args:
        target, superuser, twin: conninfos: of the target, of a superuser beside it who restores
            the copies, and of such a copy; with {name} where its name goes.
    """
    lines = ["set -e"]
    psql = f"{shlex.quote(str(bin_dir / 'psql'))} -X -q"
    for number, phase in enumerate(plan.phases, start=1):
        name = f"{folder.name}_{number}"
        copy, there = folder / f"{name}_copy.sql", folder / f"{name}.sql"
        copy.write_text(_QUIET + "".join(_on_copy(m) for m in phase.migrations), "utf-8")
        there.write_text(_QUIET + "".join(_on_target(m) for m in phase.migrations), "utf-8")
        admin = shlex.quote(superuser.format(name=name))
        lines += [
            f"{psql} -d {shlex.quote(superuser.format(name='template1'))}"
            f" -c 'create database {name} template template0 owner postgres'",
            f"{shlex.quote(str(bin_dir / 'pg_dump'))} -s -N runbook -d {shlex.quote(target)}"
            f" | {psql} -o /dev/null -d {admin} 2>/dev/null || true",
            f"{psql} -d {shlex.quote(twin.format(name=name))} -f {copy} 2>/dev/null",
            f"{psql} -d {shlex.quote(target)} -f {there} 2>/dev/null",
        ]
    return "\n".join(lines)


def _on_copy(migration: Migration) -> str:
    played = "".join(_played(migration)) if migration.risk == "high" else ""
    back = migration.rollback.read_text("utf-8")
    return f"{_whole(migration)}{played}begin;\n{back}\nrollback;\n"


def _on_target(migration: Migration) -> str:
    return _whole(migration) + "".join(_played(migration))


def _whole(migration: Migration) -> str:
    return f"begin;\n{migration.path.read_text('utf-8')}\ncommit;\nreset all;\n"


def _played(migration: Migration) -> Iterator[str]:
    """The scenario, each statement as its actor; errors that it expects are rolled back to."""
    yield "\\set ON_ERROR_STOP off\n\\set ON_ERROR_ROLLBACK on\nbegin;\n"
    for step in directives.read(migration.scenario).steps:
        explain = "explain (format json) " if step.expect.kind == "index" else ""
        yield f"{_as(step.actor)}\n{explain}{step.statement.text};\n"
    yield "reset role;\nset constraints all immediate;\nrollback;\n"
    yield "\\set ON_ERROR_ROLLBACK off\n\\set ON_ERROR_STOP on\n"


def _as(actor: Actor) -> str:
    """The actor, put on as PostgREST puts him on: settings, then the role."""
    claims = {"role": actor.role, **json.loads(actor.claims)} if actor.role != "owner" else {}
    values = {
        "request.jwt.claims": _literal(json.dumps(claims) if claims else ""),
        "request.jwt.claim.sub": "''",
        "request.jwt.claim.role": _literal(str(claims.get("role", ""))),
        "request.jwt.claim.email": "''",
        "request.headers": _literal(json.dumps(dict(actor.headers)) if claims else ""),
    }
    source = ""
    if actor.user:
        known = f"{_literal(json.dumps(claims))}::jsonb"
        ids = "jsonb_build_object('sub', u.id, 'email', u.email)"
        values["request.jwt.claims"] = f"({known} || {ids})::text"
        values["request.jwt.claim.sub"] = "u.id::text"
        values["request.jwt.claim.email"] = "u.email::text"
        user = _literal(actor.user)
        source = f" from auth.users as u where u.id::text = {user} or u.email::text = {user}"
    role = "" if actor.role == "owner" else f" set local role {actor.role};"
    return f"reset role; select {_calls(values.items())}{source};{role}"


def _calls(values: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"set_config('{name}', {value}, true)" for name, value in values)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
