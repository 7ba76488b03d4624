"""A wave in two-person mode: one word of somebody else's, in the ledger of each of its targets."""

from __future__ import annotations

import os
import uuid

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from runbook.approvals import second
from runbook.errors import NotApproved
from runbook.fleet import survey
from runbook.fleet.approving import reference
from runbook.fleet.file import read_fleet
from runbook.fleet.run import Run, prepare
from runbook.fleet.second import approve, lacking
from runbook.ledger import Author
from tenants import Tenants, fleet

pytest_plugins = ("engine_fixtures",)


def test_equal_tenants_share_one_word_of_a_second_person(tenants: Tenants):
    project, names = tenants.project, tenants.make(2)
    tenants.write(waves=["100%"])
    bob = f"bob_{uuid.uuid4().hex[:8]}"
    as_bob = {
        name.upper(): make_conninfo(os.environ[name.upper()], user=bob) for name in tenants.names
    }
    more = {second.REQUIRED: "", "RUNBOOK_OPERATOR": ""}
    with project.connect("supabase_admin") as admin:
        admin.execute(f"create role {bob} login in role postgres")
        try:
            _two_people(tenants, bob, more, as_bob)
        finally:
            for name in tenants.names:
                conninfo = project.server.conninfo(name, "supabase_admin")
                with psycopg.connect(conninfo, autocommit=True) as conn:
                    conn.execute(f"drop owned by {bob}")
            admin.execute(f"drop role {bob}")
    assert len(names) == 2


def _two_people(tenants: Tenants, bob: str, more: dict[str, str], as_bob: dict[str, str]) -> None:
    project = tenants.project
    checked = fleet(project, "one", "--operator", "ada", "--workers", "1", more=more)
    (token,) = [
        line.split()[-1] for line in checked.stdout.splitlines() if "approve it with" in line
    ]
    made = _surveyed(tenants)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(second.REQUIRED, "1")
        assert "needs the word of a second person on 2 targets" in lacking(made, 1)
    for operator in ("ada", "bob"):  # the same person, and a typed name alone
        with pytest.raises(NotApproved, match="not known to be another than ada"):
            approve(made, token, Author("run", operator))
    with pytest.raises(NotApproved, match="is of no wave"):
        approve(made, "0" * 20, Author("run", "bob"))
    assert tenants.sql(0, "select from pg_namespace where nspname = 'runbook'") == []

    given = fleet(project, token, "one", "--operator", "bob", "--workers", "1",
                  command="approve", more={**more, **as_bob})  # fmt: skip
    assert given.returncode == 0, given.stderr
    assert "2 ledgers have the word" in given.stdout
    done = fleet(project, "one", "--operator", "ada", "--workers", "1", "--mode", "apply",
                 "--approve", token, "--require-other-approver", more=more)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert tenants.applied() == [1, 1]
    used = "select detail ->> 'other_approver' from runbook.events where stage = 'approval'"
    for number in range(2):
        assert f"told apart by database roles {bob}" in tenants.sql(number, used)[0][0]


def _surveyed(tenants: Tenants) -> Run:
    """The fleet as it is now, without a cluster."""
    project, plan = tenants.project, tenants.project.plan
    fleet = read_fleet(project.root / "targets.toml")
    made = prepare(project.root, plan, plan.phases, fleet, whole=False)
    found = [survey.look(str(project.root), name, made.last) for name in tenants.targets]
    made.like, made.seen = reference(found), {each.name: each for each in found}
    return made
