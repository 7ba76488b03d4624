"""Whether two texts are the same SQL: what tells an edited file from one with another layout."""

from __future__ import annotations

import re
from collections.abc import Sequence

_BETWEEN = re.compile(r"[ \n\t;]*")  # what stands between two statements


def same_sql(left: Sequence[str], right: Sequence[str]) -> bool:
    """Whether two lists of statements are the same SQL, comments and layout aside."""
    a, b = ";".join(left), ";".join(right)
    if a == b:
        return True
    return normalized(left) == normalized(right)


def normalized(statements: Sequence[str]) -> str:
    """One text for all spellings of the same SQL; the text itself where it does not parse."""
    import postgast  # seldom needed, and slow to load

    text = ";".join(statements)
    try:
        return postgast.deparse(postgast.parse(text))
    except postgast.PgQueryError:
        return text


def holds_exactly(text: str, sources: Sequence[str]) -> bool:
    """Whether a file's text is these statements, character by character; the parser is not asked.

    False does not mean that they differ: comments at the end of a file are kept by nobody.
    """
    place = 0
    for number, source in enumerate(sources):
        after = _BETWEEN.match(text, place).end()  # type: ignore[union-attr]
        if number and ";" not in text[place:after]:
            return False
        place = after
        if not text.startswith(source, place):
            return False
        place += len(source)
    return not text[place:].strip(" \n\t;")
