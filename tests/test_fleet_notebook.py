"""The fleet in a notebook: what its cells show, refuse and raise."""

from __future__ import annotations

import pytest
from runbook import open_fleet, record
from runbook.errors import CheckFailed, NotApproved, OutOfOrder
from runbook.fleet.file import read_fleet
from runbook.fleet.run import prepare
from runbook.fleet.survey import DRIFTED, FRESH, Surveyed
from runbook.fleet.table import Live
from tenants import Tenants, summaries

pytest_plugins = ("engine_fixtures",)


def test_nothing_protected_is_changed_without_a_waves_token(tenants: Tenants):
    project = tenants.project
    tenants.make(2)
    tenants.write(waves=[1, "100%"])
    given = {"target": "targets.toml", "phases": "one", "operator": "ada", "project": project.root}
    looking = open_fleet(**given)
    assert repr(looking).startswith("2 targets of targets.toml in 2 waves, mode check")
    with pytest.raises(OutOfOrder, match="not looked at yet"):
        looking.waves()
    looking.survey()
    tokens = list(looking.waves()["approval"])
    assert "Mode check: no target is changed" in looking.run()
    assert tokens[1] in looking.approval()
    assert "nothing to sum up" in looking.close()

    # A failure that only the run itself meets, in the first wave.
    tenants.sql(0, "insert into visits values (2, 2147483647)")
    fleet = open_fleet(**given, mode="apply", approve=f"{tokens[0]}, not-a-token")
    fleet.survey()
    assert list(fleet.waves()["approved"]) == ["given", ""]
    with pytest.raises(CheckFailed, match="1 of wave 1 failed, and max_failures is 0"):
        fleet.run(1)
    assert "StatementFailed" in fleet.causes()["cause"][0]
    tenants.sql(0, "delete from visits where id = 2")
    fleet.run(1)  # the same cell again
    with pytest.raises(NotApproved, match=f"wave 2 needs its approval: {tokens[1]}"):
        fleet.run()
    assert tenants.applied() == [1, 0]
    assert list(fleet.left()["target"]) == [tenants.targets[1]]
    fleet.close()
    (summary,) = summaries(project)
    assert summary.outcome == "refused"
    assert len(summary.document["targets"][tenants.targets[0]]["records"]) == 2
    assert len(record.records(project.root / "runs")) == 3


def test_the_live_table_follows_each_target(tenants: Tenants):
    plan = tenants.project.plan
    tenants.targets = ["service=a", "service=b", "service=c"]
    fleet = read_fleet(tenants.write(waves=["100%"]))
    run = prepare(tenants.project.root, plan, plan.phases, fleet, whole=False)
    run.seen = {name: Surveyed(name, True, FRESH) for name in tenants.targets}
    run.seen["service=c"] = Surveyed("service=c", True, DRIFTED, "by hand")
    live = Live(run)
    table = live.table()
    table.come_alive()
    live.wave(1, 1, 2)
    live.started("service=a", "01_one")
    table.draw()
    assert "wave 1 of 1" in table._words.value
    assert "01_one" in table._rows.value
    assert [row[2] for row in live.worst_first()] == ["drifted", "running", "waiting"]
    run.outcomes["service=a"] = {"outcome": "passed", "error": None}
    live.ended("service=a", {"outcome": "passed", "seconds": 61.0})
    table.draw()
    assert (table._bar.value, table._bar.max) == (1, 3)
    assert "1 min 1 s" in table._rows.value
    assert "1 min 1 s" not in repr(live.table())  # what is timed is for who sits there
    assert "by hand" in repr(live.table())
