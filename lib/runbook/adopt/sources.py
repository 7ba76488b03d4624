"""The files of a folder of migrations, whichever tool they were written for.

<digits>_<name>.sql         the Supabase CLI's, and many others'
<n>_<name>.up.sql/.down.sql pairs, as golang-migrate reads them
-- migrate:up / -- migrate:down inside of one file, as dbmate reads them; goose's +goose Up / Down
V<n>__<name>.sql, U<n>__<name>.sql  Flyway's, a version of digits alone

Nothing is guessed: a file whose name or version says nothing, or says it twice, is left out and
named; bytes stay as they are unless `mend` is asked for.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import Refused

PLAIN, PAIRS, DBMATE, GOOSE, FLYWAY = "plain", "pairs", "dbmate", "goose", "Flyway"
_NAME = re.compile(r"([0-9]+)_(.*)\.sql", re.DOTALL)
_PAIR = re.compile(r"([0-9]+)_(.*)\.(up|down)\.sql", re.DOTALL)
_WAYS = (b"up", b"down")
_MARKS = {
    DBMATE: tuple(re.compile(rb"(?m)^--[ \t]*migrate:" + way) for way in _WAYS),
    GOOSE: tuple(re.compile(rb"(?im)^--[ \t]*\+goose[ \t]+" + way) for way in _WAYS),
}
_FLYWAY = re.compile(r"([VUR])([0-9]*)__(.+)\.sql", re.DOTALL)
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True)
class Found:
    """One migration as it was found.

    Fields:
        file: its name in the folder it came from.
        version, name: of the migration.
        up, down: the bytes; down is None where nobody wrote any.
        mended: what was changed in the bytes, in words.
    """

    file: str
    version: str
    name: str
    up: bytes
    down: bytes | None = None
    mended: str = ""

    @property
    def target(self) -> str:
        """Its name in migrations/."""
        return f"{self.version}_{self.name}.sql"


@dataclass(frozen=True)
class Fault:
    """What is wrong with one file, and what to do.

    Fields:
        left_out: whether the plan does without the file; else it has its place there and stops
            the run until it is mended.
    """

    file: str
    says: str
    remedy: str = ""
    left_out: bool = False


@dataclass(frozen=True)
class Folder:
    """What a folder holds, in the order in which it is applied."""

    path: Path
    style: str
    files: tuple[Found, ...]
    faults: tuple[Fault, ...]
    notices: tuple[str, ...] = ()


def find(source: Path, *, mend: bool = False) -> Folder:
    """Find the migrations below `source`; the project's folder, supabase/ or migrations/ itself.

    Args:
        mend: take byte order marks and carriage returns off; nothing else is ever changed.

    Raises:
        Refused: no such folder, or no migration in it.
    """
    folder = next(
        (each for each in (source / "supabase" / "migrations", source / "migrations", source)
         if each.is_dir()), None,
    )  # fmt: skip
    if folder is None:
        raise Refused(f"There is no folder {source}.", remedy="Name the folder of migrations.")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".sql")
    paths = [path for path in paths if path.is_file() and path.name != "seed.sql"]
    if not paths:
        raise Refused(
            f"There is no .sql file in {folder}.",
            remedy="Name the folder that holds <digits>_<name>.sql files.",
        )
    raw = {path.name: path.read_bytes() for path in paths}
    style = _style(raw)
    faults: list[Fault] = []
    reads = {PAIRS: _pairs, FLYWAY: _flyway}.get(style)
    found = list(reads(raw, faults) if reads else _singles(raw, style, faults))
    found.sort(key=lambda each: (int(each.version), each.version, each.file))
    found = list(_unique(found, faults))
    notices = _order(found) if style == PLAIN else ()
    if mend:
        found = [_mended(each) for each in found]
    return Folder(folder, style, tuple(found), tuple(faults), notices)


def _style(raw: dict[str, bytes]) -> str:
    if any(_PAIR.fullmatch(name) for name in raw):
        return PAIRS
    if any((named := _FLYWAY.fullmatch(name)) and named[1] == "V" for name in raw):
        return FLYWAY
    for style, (up, _) in _MARKS.items():
        if any(up.search(text) for text in raw.values()):
            return style
    return PLAIN


def _singles(raw: dict[str, bytes], style: str, faults: list[Fault]) -> Iterator[Found]:
    for file, text in raw.items():
        named = _NAME.fullmatch(file)
        if not named:
            faults.append(_unnamed(file))
            continue
        version, name = named.groups()
        up_mark, down_mark = _MARKS.get(style, (None, None))
        down = down_mark.search(text) if down_mark else None
        if up_mark and not up_mark.search(text):
            mark = "-- +goose Up" if style == GOOSE else "-- migrate:up"
            faults.append(Fault(file, f"it has no line `{mark}`", "Write it.", left_out=True))
        elif down:  # lines keep their numbers: what stands above the mark stays
            yield Found(file, version, name, text[: down.start()], text[down.start() :])
        else:
            yield Found(file, version, name, text)


def _pairs(raw: dict[str, bytes], faults: list[Fault]) -> Iterator[Found]:
    numbers = [named[1] for name in raw if (named := _NAME.fullmatch(name))]
    width = max(map(len, numbers), default=1)
    for file, text in raw.items():
        pair, single = _PAIR.fullmatch(file), _NAME.fullmatch(file)
        if pair and pair[3] == "down":
            if file.removesuffix(".down.sql") + ".up.sql" not in raw:
                faults.append(Fault(file, "there is no .up.sql to it", left_out=True))
        elif pair:
            down = raw.get(file.removesuffix(".up.sql") + ".down.sql")
            yield Found(file, pair[1].zfill(width), pair[2], text, down)
        elif single:
            yield Found(file, single[1].zfill(width), single[2], text)
        else:
            faults.append(_unnamed(file))


def _flyway(raw: dict[str, bytes], faults: list[Fault]) -> Iterator[Found]:
    named = {file: found for file in raw if (found := _FLYWAY.fullmatch(file))}
    width = max(len(found[2]) for found in named.values())
    undo = {int(found[2]): raw[file] for file, found in named.items() if found[1] == "U"}
    for file, text in raw.items():
        kind, version, name = named[file].groups() if file in named else ("", "", "")
        if kind == "V" and version:
            yield Found(file, version.zfill(width), name, text, undo.get(int(version)))
        elif kind == "R":
            says = "Flyway repeats it whenever it changes; here each change is a file of its own"
            faults.append(Fault(file, says, "Give it a version: V<n>__<name>.sql.", left_out=True))
        elif kind != "U":
            says = "it is not named V<digits>__<name>.sql; versions of several parts are not read"
            faults.append(Fault(file, says, "Rename it if it is a migration.", left_out=True))


def _unnamed(file: str) -> Fault:
    return Fault(
        file,
        "it is not named <digits>_<name>.sql, so it has no version, and the Supabase CLI skips it",
        "Rename it if it is a migration.",
        left_out=True,
    )


def _unique(found: list[Found], faults: list[Fault]) -> Iterator[Found]:
    first: dict[str, str] = {}
    for each in found:
        if each.version in first:
            faults.append(
                Fault(
                    each.file,
                    f"it has version {each.version}, and so has {first[each.version]}: the history"
                    " can hold one of them only",
                    "Give it a version of its own.",
                    left_out=True,
                )
            )
            continue
        first[each.version] = each.file
        yield each


def _order(found: list[Found]) -> tuple[str, ...]:
    numeric, textual = [f.version for f in found], sorted(f.version for f in found)
    if numeric == textual:
        return ()
    place = next(i for i, (a, b) in enumerate(zip(numeric, textual, strict=True)) if a != b)
    return (
        "The versions have different lengths: the plan takes them as numbers, the Supabase CLI as"
        f" text ({textual[place]} before {numeric[place]}).",
    )


def _mended(found: Found) -> Found:
    raw, said = found.up, []
    for bom, encoding in _BOMS.items():
        if raw.startswith(bom):
            raw = raw.decode(encoding, errors="surrogatepass").encode("utf-8", "surrogatepass")
            said.append("a byte order mark was taken off")
            break
    if b"\r\n" in raw:
        raw = raw.replace(b"\r\n", b"\n")
        said.append("CRLF became LF, in literals and function bodies too")
    return replace(found, up=raw, mended="; ".join(said))
