"""What an object of the database is called: one spelling for catalog, promises and reader.

A name is a tuple of its parts as PostgreSQL stores them, never a string to be split again:

    ("public", "orders")                         a relation, a type
    ("public", "orders", "total")                a column
    ("public", "orders", "orders_pkey")          a constraint, policy, trigger or rule of a table
    ("public", "total", "uuid, integer")         a function and its argument types
    ("table", "public", "orders", "anon")        a grant: the object's kind and name, then the role
    ("table", "public", "orders")                a comment: the object's kind and name
"""

from __future__ import annotations

import re

Names = tuple[str, ...]

OF_A_TABLE = frozenset({"constraint", "policy", "trigger", "rule"})

_plain = re.compile(r"[a-z_][a-z0-9_$]*").fullmatch


def quoted(part: str) -> str:
    """One part of a name: bare where it can stand bare, in double quotes otherwise."""
    return part if _plain(part) else '"' + part.replace('"', '""') + '"'


def dotted(names: Names) -> str:
    """`schema.name`, each part quoted where it must be."""
    return ".".join(quoted(part) for part in names)


def identity(kind: str, names: Names) -> str:
    """The object's name as an operator reads it: `"own rows" on public.orders`."""
    if kind in OF_A_TABLE and len(names) == 3:
        return f"{quoted(names[2])} on {dotted(names[:2])}"
    if kind == "function":
        return f"{dotted(names[:2])}({names[2]})"
    if kind == "grant":
        return f"{names[0]} {identity(names[0], names[1:-1])} to {quoted(names[-1])}"
    if kind == "comment":
        return f"{names[0]} {identity(names[0], names[1:])}"
    if kind == "default privilege":
        place = f" in {quoted(names[1])}" if names[1] else ""
        return f"{names[0]}s of {quoted(names[2])}{place} to {quoted(names[3])}"
    if kind in {"published table", "published schema"}:
        return f"{dotted(names[1:])} in {quoted(names[0])}"
    return dotted(names) if len(names) > 1 or kind in {"schema", "extension"} else names[0]
