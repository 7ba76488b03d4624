"""The files that ship inside the package: named queries, checks, the embedded server's shape."""

from __future__ import annotations

import base64
import hashlib
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


@cache
def script(*names: str, then: str = "") -> tuple[str, str]:
    """Scripts of templates/ as one text, and the digest by which a page's policy lets it run.

    Args:
        then: a last line.
    """
    parts = [(folder("templates") / name).read_text("utf-8") for name in names]
    text = "\n" + "\n".join([*parts, then])
    return text, base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def style(*names: str) -> str:
    """Style sheets of templates/ as one."""
    return "".join((folder("templates") / name).read_text("utf-8") for name in names)
