"""The record as a page: what was seen, and nothing that runs."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from made_notebooks import notebook
from runbook.records import page


class Page(HTMLParser):
    """Elements, attributes and heading levels of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    @property
    def levels(self) -> list[int]:
        return [int(tag[1]) for tag in self.tags if re.fullmatch("h[1-6]", tag)]


HOSTILE = """<style>*{display:none}</style><script>alert(1)</script><h1 onclick="x()">one</h1>
<h4 style="color:red">deep</h4><iframe src="https://example.com"></iframe>
<img src="https://example.com/x.png" alt="far"><img src="data:image/png;base64,AA==" alt="near">
<a href="javascript:alert(1)">bad</a><a href="../x.sql">file</a><a href="https://example.com">good</a>
<svg><script>alert(2)</script></svg><form action="https://example.com"><input></form>
<table><caption>Findings</caption><thead><tr><th>check</th></tr></thead>
<tbody><tr><th>row</th><td>&lt;script&gt;</td></tr></tbody></table>"""


@pytest.fixture(scope="module")
def hostile_page() -> Page:
    nb = notebook("# Phase <script>alert(3)</script>", "1", "#### Deep prose", "2")
    for cell in nb.cells:
        cell.metadata["papermill"] = {"status": "completed", "duration": 0.5}
    nb.cells[1].outputs = [
        *({"output_type": "display_data", "metadata": {}, "data": {"text/html": HOSTILE}},),
        {"output_type": "stream", "name": "stdout", "text": "<script>alert(4)</script>\x1b[31mred"},
    ]
    from runbook.kernels.notebook import code_cells, nbformat

    document = {
        "outcome": "passed",
        "phase": "<b>phase</b>",
        "target": "\"'><script>alert(5)</script>",
        "id": "0",
        "started": "2026-11-22T12:00:00Z",
        "ended": "2026-11-22T12:01:05Z",
        "seconds": 65.0,
        "operator": {"name": "<i>Ada", "established": "given"},
        "notebook": {"path": "x", "sha256": "0"},
        "parameters": {"tables": ["<b>"], "dry_run": False},
        "git": None,
        "error": None,
        "cells": list(code_cells(nbformat.from_dict(nb))),
        "sources": {},
        "python": "3",
        "system": "x",
        "packages": {},
    }
    text = page.render(document, nbformat.from_dict(nb))
    found = Page(text)
    found.text = text
    return found


def test_nothing_in_the_page_runs_or_loads(hostile_page):
    tags = hostile_page.tags
    assert not {"iframe", "form", "input", "svg", "link", "object"} & set(tags)
    # The one script is ours, sorts tables, and is the only one that the page's policy lets run.
    assert tags.count("script") == 1
    (ours,) = re.findall(r"<script>(.*?)</script>", hostile_page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(ours.encode()).digest()).decode()
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-"
    assert f"{policy}{digest}'\"" in hostile_page.text
    for _, name, value in hostile_page.attributes:
        assert not name.startswith("on")
        assert name != "style"
        if name == "src":
            assert value.startswith("data:image/")
        if name == "href":
            assert value == "https://example.com"
    assert "alert(1)" not in hostile_page.text
    assert "\x1b" not in hostile_page.text
    assert "url(" not in hostile_page.text
    assert "@import" not in hostile_page.text


def test_the_page_shows_prose_and_outputs_but_no_code_cells(hostile_page):
    assert "Deep prose" in hostile_page.text
    assert "&lt;script&gt;alert(4)&lt;/script&gt;red" in hostile_page.text
    assert "<caption>Findings</caption>" in hostile_page.text


def test_headings_are_in_order_and_the_page_names_its_language_and_title(hostile_page):
    levels = hostile_page.levels
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert ("html", "lang", "en") in hostile_page.attributes
    assert "<title>Passed: " in hostile_page.text


def test_every_table_header_has_a_scope_and_every_verdict_is_a_word(hostile_page):
    scopes = [value for tag, name, value in hostile_page.attributes if name == "scope"]
    assert len(scopes) == hostile_page.tags.count("th")
    assert hostile_page.tags.count("caption") == hostile_page.tags.count("table")
    assert "✓ Passed" in hostile_page.text
    assert "✓ done" in hostile_page.text
    assert "1 min 5 s" in hostile_page.text
