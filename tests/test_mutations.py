"""Mutation proof: whatever is broken in a migration, somebody sees it.

Every migration is broken in many ways, one mistake at a time, applied for real and put through the
stages: verify against what the sound file promises, the scenario, the access matrix, the checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mutation import WHY, Laboratory, Score, hunt
from runbook import embedded

PROJECT = Path(__file__).parents[1]
EACH = 30


@pytest.fixture(scope="module")
def laboratory(server: embedded.Server) -> Iterator[Laboratory]:
    made = Laboratory(server, PROJECT)
    yield made
    made.close()


def test_a_sample_of_two_broken_versions_of_each_migration_is_caught(laboratory: Laboratory):
    score = Score()
    for number, migration in enumerate(laboratory.plan.everything):
        # Other mistakes in each.
        hunt(laboratory, migration, score, at_most=2, skip=2 * number, thorough=False)
    assert score.survivors == []
    assert score.total == 2 * len(laboratory.plan.everything)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_at_least_95_of_100_broken_migrations_are_caught(laboratory: Laboratory, capsys):
    score = Score()
    for migration in laboratory.plan.everything:
        assert hunt(laboratory, migration, score, at_most=EACH) >= 10
    with capsys.disabled():
        print(f"\n{score}")
    assert score.caught >= 0.95 * score.total
    assert {mutant.operator for _, mutant in score.survivors} <= set(WHY)
