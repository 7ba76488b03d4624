"""Phases of an adopted project: by name, or by the gaps between dates."""

from __future__ import annotations

from pathlib import Path

import pytest
from runbook.adopt.grouping import group
from runbook.adopt.sources import Found, find
from runbook.errors import Refused


def _files(*versions: str) -> list[Found]:
    return [Found(f"{v}_x.sql", v, "x", b"") for v in versions]


def test_a_week_without_a_migration_ends_a_phase():
    made = group(_files("20240101000000", "20240105000000", "20240201000000"))
    assert [(g.title, len(g.files)) for g in made] == [
        ("2024-01-01 to 2024-01-05", 2),
        ("2024-02-01", 1),
    ]
    assert made[1].notebook == "02_2024_02_01.ipynb"


def test_long_phases_are_divided_evenly_and_many_gaps_give_few_phases():
    numbers = [f"{n:04}" for n in range(1, 101)]
    assert [len(g.files) for g in group(_files(*numbers))] == [25, 25, 25, 25]
    weeks = [f"20{20 + n // 12}{n % 12 + 1:02}01000000" for n in range(24)]
    assert len(group(_files(*weeks))) <= 12


def test_phases_can_be_named_and_what_no_name_covers_is_grouped():
    files = _files("1", "2", "3", "4", "5")
    made = group(files, ["Core=..2", "Late work=4..4"])
    assert [(g.title, [f.version for f in g.files]) for g in made] == [
        ("Core", ["1", "2"]),
        ("Migration 3", ["3"]),
        ("Late work", ["4"]),
        ("Migration 5", ["5"]),
    ]
    assert made[2].id == "late-work"


@pytest.mark.parametrize(
    ("named", "words"),
    [
        (["Core"], "is not NAME=FIRST..LAST"),
        (["Core=3..1"], "ends before it begins"),
        (["Core=1..9"], "no version 9"),
        (["A=1..2", "B=2..3"], "is in 'A' and in 'B'"),
    ],
)
def test_a_range_that_is_none_is_refused(named: list[str], words: str):
    with pytest.raises(Refused, match=words):
        group(_files("1", "2", "3"), named)


def test_versions_of_different_lengths_are_taken_as_numbers_and_it_is_said(tmp_path: Path):
    for name in ("5_a.sql", "13_b.sql"):
        (tmp_path / name).write_text("select 1;")
    folder = find(tmp_path)
    assert [found.version for found in folder.files] == ["5", "13"]
    assert "the Supabase CLI as text (13 before 5)" in folder.notices[0]
