"""Which secrets are ours: those that this process's environment holds.

The redactor knows what secrets look like. A password that looks like nothing, repeated by a NOTICE,
is only known by its value, and the value is in the environment that the target was reached with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

LEAST = 8
_NAMED = re.compile(r"PASSW|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|API_?KEY|_KEY$", re.IGNORECASE)


def of_environment(environment: Mapping[str, str]) -> Iterator[str]:
    """The secrets in these variables: those named like one, and passwords in connection strings."""
    for name, value in environment.items():
        if name.startswith("RUNBOOK_") or value.startswith(("/", "~", "./")):
            continue  # a name of something of ours, or a path
        if "://" in value or "=" in value:
            yield from of_conninfo(value)
        elif _NAMED.search(name) and _tells(value):
            yield value


def of_conninfo(conninfo: str) -> Iterator[str]:
    """The password in a connection string, also in one that libpq would not take."""
    found = {_in_uri(conninfo)}
    try:
        found.add(str(conninfo_to_dict(conninfo).get("password") or ""))
    except psycopg.Error:
        pattern = r"""\bpassword\s*=\s*(?:'((?:\\.|[^'])*)'|(\S+))"""
        found |= {text.strip("'") for pair in re.findall(pattern, conninfo) for text in pair}
    for secret in found:
        if _tells(secret):
            yield secret


def _in_uri(text: str) -> str:
    try:
        return unquote(urlsplit(text).password or "")
    except ValueError:
        return ""


def _tells(value: str) -> bool:
    """Whether finding it says anything: `postgres` as a password stands in every other line."""
    return len(value) >= LEAST and (len(value) >= 20 or not value.replace("_", "").isalpha())
