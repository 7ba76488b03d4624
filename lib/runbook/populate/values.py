"""Expressions that may do for a column, likely ones first; the server says which of them fit.

Each is SQL over `i`, the number of the row: no clock and no random(), so that the same number gives
the same row.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

from psycopg import sql

from .shape import Column

START = "timestamptz '2025-01-01 00:00+00'"
VECTORS = ("vector", "halfvec")
_WORDS = (
    "'amber', 'birch', 'cedar', 'delta', 'ember', 'frost', 'grove', 'harbour', 'island',"
    " 'juniper', 'kestrel', 'lantern'"
)
_TAILS = ("upper(lpad(to_hex(i), 12, '0'))", "lpad(to_hex(i), 12, '0')", "i", "''")


def literal(text: object) -> str:
    """A value as SQL."""
    return sql.Literal(text).as_string(None)


def mixed(salt: str, below: int | str) -> str:
    """A number from 0 to `below` - 1 that looks arbitrary, and is the same for the same row."""
    seed = zlib.crc32(salt.encode())
    return f"mod(hashint8extended(i, {seed}) & 9223372036854775807, {below})"


def one_of(values: Sequence[str], salt: str) -> str:
    """One of these SQL values."""
    if len(values) == 1:
        return values[0]
    return f"(array[{', '.join(values)}])[1 + {mixed(salt, len(values))}]"


def candidates(
    table: str, column: Column, known: Sequence[str], samples: Sequence[str], *, apart: bool
) -> list[str]:
    """What may do for this column.

    Args:
        table: its table, so that the same name elsewhere gets other values.
        known: SQL constants that its checks compare it with.
        samples: SQL constants that rows of the table hold.
        apart: no two rows may have the same.
    """
    salt = f"{table}.{column.name}"
    found = list(_plain(column, salt, table, apart))
    if column.category == "S":
        words = [each for each in known if not each.strip("'").isdecimal()]
        starts = [f"{start} || {tail}" for start in map(_start, words) if start for tail in _TAILS]
        found = [*([one_of(words, salt)] if words else []), *starts, *found, *words]
    elif column.category == "D":
        found = [*known, *found]
    elif known:
        found = [*found, one_of(known, salt), *known]
    if samples:
        varied = [_renumbered(text) for text in samples[:1]] if column.category == "S" else []
        found += [*varied, *([] if apart else [one_of(samples, salt), samples[0]])]
    if column.longest:
        found = [f"left({each}, {column.longest})" for each in found]
    return [f"({each})::{column.written}" for each in found]


def _plain(column: Column, salt: str, table: str, apart: bool) -> Iterator[str]:
    kind, category = column.type, column.category
    if kind in VECTORS:
        yield "base_vector"
    elif kind == "uuid":
        yield f"md5({literal(salt + ':')} || i)::uuid"
    elif category == "E":
        yield one_of([f"{literal(label)}" for label in column.labels] or ["null"], salt)
    elif category == "B":
        yield f"{mixed(salt, 2)} = 0"
    elif category == "S":
        yield from _texts(column, salt)
    elif category == "N":
        yield from _numbers(column, salt, apart)
    elif category == "D":
        yield _moment(kind, salt)
        yield START
    elif kind in ("json", "jsonb"):
        yield f"jsonb_build_object('kind', 'kind ' || {mixed(salt, 20)}, 'n', {mixed(salt, 1000)})"
        yield f"jsonb_build_array({mixed(salt, 1000)})"
        yield "'{}'"
        yield "'[]'"
    elif category == "A":
        yield from _lists(column, salt)
    elif category == "R":
        yield from _ranges(column)
    else:
        yield from _OTHER.get(kind, ("null",))


def _texts(column: Column, salt: str) -> Iterator[str]:
    title = column.name.replace("_", " ").capitalize()
    stem = "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in column.name)
    yield f"{literal(title)} || ' ' || i"
    yield f"{literal(stem.lower().strip('-') or 'x')} || '-' || i"
    yield "'person' || i || '@example.com'"
    yield "'https://example.com/' || i"
    yield "'+49151' || lpad(i::text, 8, '0')"
    yield "upper(lpad(to_hex(i), 12, '0'))"
    yield "i::text"
    yield "md5(i::text) || md5((-i)::text)"
    yield "md5(i::text)"
    yield f"(array[{_WORDS}])[1 + {mixed(salt, 12)}]"
    yield f"(array['DE', 'FR', 'US'])[1 + {mixed(salt, 3)}]"
    yield f"(array['EUR', 'USD', 'CHF'])[1 + {mixed(salt, 3)}]"
    yield f"(array['de', 'en', 'fr'])[1 + {mixed(salt, 3)}]"
    yield f"'#' || lpad(to_hex({mixed(salt, 16777216)}), 6, '0')"
    yield "'1.0.' || i"
    yield "'12:30'"
    yield "'Europe/Berlin'"
    yield "'x'"


def _numbers(column: Column, salt: str, apart: bool) -> Iterator[str]:
    if apart:
        yield "i"
    if column.type in ("numeric", "float4", "float8", "money"):
        yield f"round({mixed(salt, 100000)} / 100.0, 2)"
        yield f"round({mixed(salt, 100)} / 100.0, 2)"
    else:
        yield f"{mixed(salt, 1000)} + 1"
    yield f"{mixed(salt, 100)} + 1"
    yield f"{mixed(salt, 5)} + 1"
    yield "1"
    yield "0"


def _moment(kind: str, salt: str) -> str:
    hours = f"{START} + i * interval '17 minutes' + {mixed(salt, 100)} * interval '1 hour'"
    if kind == "date":
        return f"(({hours}) at time zone 'UTC')::date"
    if kind == "time":
        return f"time '00:00' + {mixed(salt, 1440)} * interval '1 minute'"
    if kind == "timetz":
        return f"(time '00:00' + {mixed(salt, 1440)} * interval '1 minute')::time with time zone"
    return f"({hours}) at time zone 'UTC'" if kind == "timestamp" else hours


def _lists(column: Column, salt: str) -> Iterator[str]:
    if column.labels:
        each = one_of([literal(label) for label in column.labels], salt)
    elif column.inner_name in ("text", "varchar", "name", "citext", "bpchar"):
        each = f"(array[{_WORDS}])[1 + {mixed(salt, 12)}]"
    elif column.inner_name == "uuid":
        each = f"md5({literal(salt + ':')} || i)::uuid"
    elif column.inner_name in ("int2", "int4", "int8", "numeric", "float4", "float8"):
        each = mixed(salt, 1000)
    else:
        each = ""
    if each:
        yield f"array[{each}]::{column.inner}[]"
    yield "'{}'"


def _ranges(column: Column) -> Iterator[str]:
    if column.inner_name in ("timestamptz", "timestamp", "date"):
        step = "interval '1 day'" if column.inner_name == "date" else "interval '17 minutes'"
        low = f"({START} + i * {step})"
        zone = "" if column.inner_name == "timestamptz" else " at time zone 'UTC'"
        bounds = (f"({low}{zone})::{column.inner}", f"(({low} + {step}){zone})::{column.inner}")
        yield "format('[%s,%s)', {}, {})".format(*(f"quote_ident(({b})::text)" for b in bounds))
    elif column.inner_name in ("int4", "int8", "numeric", "float8"):
        yield "format('[%s,%s)', i, i + 1)"
    yield "'empty'"
    yield "'{}'"


def _start(pattern: str) -> str:
    """The fixed text that a regular expression begins with, as SQL; "" for none."""
    fixed = ""
    for sign in pattern[1:-1].removeprefix("^") if pattern[1:2] == "^" else "":
        if not (sign.isalnum() or sign in "-_:/ #@"):
            break
        fixed += sign
    return f"'{fixed}'" if fixed else ""


def _renumbered(sample: str) -> str:
    """A text like the sample, its last signs replaced by the number of the row."""
    return f"left({sample}, -8) || lpad(upper(to_hex(i)), 8, '0')"


_OTHER = {
    "bytea": ("decode(md5(i::text), 'hex')",),
    "interval": ("i * interval '1 minute'", "interval '1 hour'"),
    "inet": ("'10.0.0.0'::inet + mod(i, 16777216)",),
    "cidr": ("'10.0.0.0/8'",),
    "macaddr": ("'08:00:2b:01:02:03'",),
    "tsvector": ("to_tsvector('simple', 'row ' || i)",),
    "tsquery": ("'row'::tsquery",),
    "xml": ("'<row/>'",),
    "bit": ("'0'",),
    "varbit": ("'0'",),
    "point": ("point(i, mod(i, 1000))",),
    "oid": ("i",),
    "char": ("'x'",),
}
