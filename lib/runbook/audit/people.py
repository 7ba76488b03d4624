"""E-mail addresses of people in rows: not for a record, which travels and is kept for years.

An error text, a NOTICE or a sample row can hold somebody's address; what a record needs of it is at
most its domain. Addresses of reserved domains (RFC 2606) are nobody's, and stay; so do those by
which operators sign, because who did it is what a record is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

# Not the user of a URI: that is a role.
_ADDRESS = re.compile(
    r"(?<![\w.+%/@-])(?P<who>[\w.+%-]{1,64})@(?P<domain>(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24})\b"
)
_NOBODY = re.compile(
    r"(?:^|\.)(?:example|test|invalid|localhost|local|example\.(?:com|net|org))$", re.IGNORECASE
)
_operators: set[str] = set()


def know(operators: Iterable[str]) -> None:
    """Leave these addresses as they are: they name who did something."""
    _operators.update(name.lower() for name in operators if "@" in name)


def hidden(value: Any) -> Any:
    """A copy of nested mappings and lists, with the people's part of every address masked."""
    if isinstance(value, str):
        return _ADDRESS.sub(_mask, value) if "@" in value else value
    if isinstance(value, Mapping):
        return type(value)({key: hidden(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return [hidden(item) for item in value]
    return value


def _mask(match: re.Match[str]) -> str:
    if _NOBODY.search(match["domain"]) or match[0].lower() in _operators:
        return match[0]
    return f"***@{match['domain']}"
