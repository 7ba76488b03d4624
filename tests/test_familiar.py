"""Our own tables reach the page without a parser, and nothing else does."""

import json
from pathlib import Path

import pytest
from runbook.records.familiar import familiar
from runbook.records.sanitize import Sanitizer

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def outputs():
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for output in cell.get("outputs", ()):
                if html := output.get("data", {}).get("text/html"):
                    yield html if isinstance(html, str) else "".join(html)


class Parsed(Sanitizer):
    """The sanitizer as it would be without the short cut."""

    def clean(self, html):
        return self._cleaner.clean(html)


def test_every_committed_table_is_recognised_and_comes_out_as_the_sanitizer_writes_it():
    # Panels and pictures are few; they go through the sanitizer.
    seen = [html for html in outputs() if "runbook-panel" not in html and "<figure" not in html]
    assert len(seen) > 30
    for html in seen:
        assert familiar(html) is not None
        assert familiar(html) == Parsed().clean(html) == Sanitizer().clean(html)


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<p onclick=x>a</p>",
        '<p title="a">b</p>',
        "<p>a<img src=x></p>",
        "<p>a</p></p>",
        "<p>a",
        "</p>",
        "<p><p>a</p></p>",
        '<table class="runbook"><tr><td>a</td></tr></table>',
        '<table class="runbook">loose<tbody></tbody></table>',
        "<p>a < b</p>",
        "<p>a > b</p>",
        "<p>a & b</p>",
        "<p>&nbsp;</p>",
        "<p>&ampx;</p>",
        "<p>a\r\nb</p>",
        "<p>a\x00b</p>",
        '<pre style="white-space:pre-wrap">\na</pre>',
        "<style>p { background: url(<x>) }</style><p>a</p>",
        "<p><!-- a --></p>",
        "text alone",
        "<P>a</P>",
    ],
)
def test_one_unknown_sign_leaves_the_output_to_the_sanitizer(html):
    assert familiar(html) is None
