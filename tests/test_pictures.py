"""The pictures of a phase: drawn from the database, with the same facts in words."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

from runbook.panel.picture import Picture, canvas, word
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

SHELF = "create table public.shelf (id int primary key);\nalter table public.shelf enable row level security;\n"  # noqa: E501
BOOK = (
    "create table public.book (id int primary key, shelf int not null references public.shelf,\n"
    "  twin int references public.book, owner int references public.people);\n"
    "alter table public.book enable row level security;\n"
)
READ = """\
-- name: a shelf is put up
-- as: owner
-- expect: 1 affected
insert into public.shelf values (1);

-- access: public.shelf
--   role                                                select  insert  update  delete
--   anon                                                none    none    none    none
--   authenticated 00000000-0000-4000-8000-000000000001  none    none    none    none
--   service_role                                        all     all     all     all
"""


def _texts(picture: Picture) -> list[str]:
    drawing = ElementTree.fromstring(picture.svg)
    return [node.text for node in drawing.iter("{http://www.w3.org/2000/svg}text")]


def test_the_schema_shows_each_new_table_and_each_key_as_the_database_has_them(project: Project):
    project.sql("create table public.people (id int primary key)")
    one = project.add("shelf", SHELF, tables=("public.shelf",))
    project.add("book", BOOK, tables=("public.book",))
    before = project.open().schema()
    assert "0 of 2 new tables are there" in before.title
    assert before.text.splitlines() == ["public.shelf: pending", "public.book: pending"]
    assert before.svg.count("stroke-dasharray") == 2
    project.close(one)
    project.close(project.plan.migrations[1].version)
    after = project.open().schema()
    assert "2 of 2 new tables are there, with 3 foreign keys, 1 of them to 1 tables" in after.title
    assert after.text.splitlines()[1] == ("public.book: owner → people; shelf → shelf; twin → book")
    words = _texts(after)
    assert words.count("people") == 1
    for drawn in ("shelf", "book", "owner → people", "shelf → shelf", "twin → book"):
        assert drawn in words
    assert after.svg.count("<circle") == 3
    assert repr(project.open().schema()) == repr(after)  # nothing in it is timed or random


def test_a_phase_without_a_new_table_has_a_picture_too(project: Project):
    project.sql("create table public.people (id int primary key)")
    project.add("note", "alter table public.people add column note text;\n")
    drawn = project.open().schema()
    assert "0 of 0 new tables are there" in drawn.title
    assert drawn.text == "no new table"


def test_access_is_a_grid_of_words_as_the_test_stage_tried_it(project: Project):
    one = project.add("shelf", SHELF, tables=("public.shelf",), scenario=READ)
    assert "No access is measured yet" in str(project.open().access())
    project.close(one)
    grid = project.open().access()
    html = grid._repr_html_()
    cells = re.findall(r'<td class="(none|some|all)"[^>]*>([^<]*)</td>', html)
    assert len(cells) == 12
    assert all(kind == word for kind, word in cells)
    assert cells.count(("none", "none")) == 8
    assert "service_role" in repr(grid)


def test_the_timeline_says_what_was_begun_and_what_each_stage_took(project: Project):
    one = project.add("shelf", SHELF, tables=("public.shelf",))
    project.add("book", BOOK, tables=("public.book",))
    project.applied(one)
    picture = project.open().timeline()
    first, second = picture.text.splitlines()
    assert re.fullmatch(
        r"shelf: \d\d:\d\d:\d\d UTC; precheck [\d.]+ m?s, apply [\d.]+ m?s, verify –, test –", first
    )
    assert second.startswith("book: not begun")
    assert "not run" in _texts(picture)


def test_what_stands_in_a_picture_cannot_break_out_of_it():
    name = "</text><script>'\"&"
    picture = Picture(name, canvas(10, 10, word(0, 0, name)), name)
    assert _texts(picture) == [name]
    html = picture._repr_html_()
    assert "<script>" not in html
    source = re.search(r"base64,([^\"]+)", html)[1]
    assert b"<script>" not in base64.b64decode(source)
