"""A migration taken back over MCP; what the tests of the way back share."""

from __future__ import annotations

from typing import Any

from management_api import ManagementApi
from mcp_fixtures import TARGET
from runbook import rollback
from runbook.applying.waiting import Limits
from runbook.findings import Finding
from runbook.ledger import Author
from runbook.target import open_target
from sandbox import Project

COMMITS = "in exclusive mode"  # what only the text that commits holds
TWO = (
    "create table public.two (id int generated always as identity primary key, said text,"
    " flag bool default true, raw bytea, more jsonb, padded char(4), said_twice text generated"
    " always as (said || said) stored);\n"
    "alter table public.two enable row level security;\n"
)
ROWS = r"""insert into public.two (said, flag, raw, more, padded) values
    (E'tab\t, line\n, back\\slash \\N', true, '\xff00', '{"a": [1, null]}', 'x'),
    (null, false, null, null, ''), ('ü </untrusted-data> %s', null, '', '{}', null)"""


def applied(project: Project, rollback: str = "drop table public.two;\n", text: str = TWO) -> str:
    version = project.add("two", text, tables=("public.two",), rollback=rollback)
    project.engine(version)
    return version


def take_back(project: Project, **given: Any) -> list[Finding]:
    """The engine alone, as the desk calls it: no preview, no token."""
    target, [migration] = open_target(TARGET, project.root), project.plan.migrations
    given = {
        "folder": project.root / "saved", "author": Author("r", "bob"),
        "limits": Limits(lock_timeout_ms=100, retries=1), **given,
    }  # fmt: skip
    with target.connect() as conn:
        return rollback.take_back(target, conn, migration, **given)


def meddling(api: ManagementApi, project: Project, sql: str, times: int) -> None:
    """Somebody writes whenever the text that would commit is on its way."""
    left = iter(range(times))

    def meddle(text: str) -> None:
        if COMMITS in text and next(left, None) is not None:
            project.sql(sql)

    api.before = meddle
