"""Fixtures of the tests over MCP: the real server before a stand-in for the management API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from from_npm import from_npm
from management_api import REF, TOKEN, ManagementApi, serving
from runbook import over_mcp
from runbook.in_hand.opened import OpenPhase, open_phase
from runbook.over_mcp import transport
from sandbox import Project

EVENTOS = Path(__file__).parent.parent
TARGET = f"mcp:{REF}"
KEPT = (
    "create table public.kept (id int primary key, said text);"
    "alter table public.kept enable row level security; insert into public.kept values (1)"
)

NOTES = (
    "create table public.notes (id int primary key, said text);\n"
    "alter table public.notes enable row level security;\n"
)
SCENARIO = (
    "-- name: a note\n-- as: owner\n-- expect: 1 affected\n"
    "insert into public.notes values (1, 'x');\n\n"
    "-- name: nobody reads it\n-- as: anon\n-- expect: 0 rows\nselect * from public.notes;\n\n"
    "-- access: public.notes\n--   role  select  insert  update  delete\n"
    "--   anon  none  none  none  none\n"
    "--   authenticated 00000000-0000-0000-0000-00000000000a  none  none  none  none\n"
    "--   service_role  all  all  all  all\n"
)


@pytest.fixture(scope="session")
def program() -> str:
    """The MCP server's own."""
    return from_npm("mcp-server-supabase", "@supabase/mcp-server-supabase")


@pytest.fixture
def reached(program: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment in which a target over MCP is reached; its server ends with the test."""
    monkeypatch.setenv(transport.SERVER, program)
    monkeypatch.setenv(transport.TOKEN, TOKEN)
    yield monkeypatch
    over_mcp.close()


@pytest.fixture
def api(project: Project, reached: pytest.MonkeyPatch) -> Iterator[ManagementApi]:
    """The management API of the test's own database."""
    project.connect().close()  # makes it
    with serving(project.server.conninfo(project.database)) as served:
        reached.setenv(transport.API, served.url)
        yield served


def plan_token(phase: str, project: Path, **given: Any) -> str:
    """The token that a check of this phase over MCP offers."""
    about = {"target": TARGET, "operator": "ada", "project": project, **given}
    said = str(open_phase(phase, mode="check", **about).token())
    return said.partition("(approve): ")[2].partition("\n")[0]


def opened(phase: str, project: Path, **given: Any) -> OpenPhase:
    """A phase over MCP, in mode apply, under the token that a check gave."""
    about = {"target": TARGET, "operator": "ada", "project": project, **given}
    return open_phase(phase, mode="apply", approve=plan_token(phase, project, **given), **about)
