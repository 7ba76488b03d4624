"""The files that ship inside the package: named queries, checks, the embedded server's shape."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path


def folder(name: str) -> Path:
    """The folder `name` of this package, on disk."""
    return Path(str(files("runbook"))) / name


@cache
def query(name: str) -> str:
    """The text of queries/<name>.sql."""
    return (folder("queries") / f"{name}.sql").read_text(encoding="utf-8")
