"""Bytes to text, strictly: a file that cannot be read exactly is refused with its line.

Guessing at an encoding is how a Latin-1 name ends up in production as U+FFFD.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from ..errors import FileInvalid

_BOMS = {
    codecs.BOM_UTF8: "a UTF-8 byte order mark",
    codecs.BOM_UTF32_LE: "a UTF-32 byte order mark",
    codecs.BOM_UTF32_BE: "a UTF-32 byte order mark",
    codecs.BOM_UTF16_LE: "a UTF-16 byte order mark",
    codecs.BOM_UTF16_BE: "a UTF-16 byte order mark",
}


def read_sql(path: Path, *, shown: str = "") -> str:
    """The file's text, strictly UTF-8 with Unix line ends.

    Raises:
        FileInvalid: the file is missing, or holds a byte order mark, another encoding, a NUL byte
            or carriage returns; with the line.
    """
    file = shown or str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FileInvalid(
            f"{file} cannot be read: {error.strerror}.",
            remedy="Check the path and its permissions, then run this again.",
        ) from None
    for bom, meaning in _BOMS.items():
        if raw.startswith(bom):
            raise FileInvalid(
                f"{file}, line 1: the file starts with {meaning}.",
                remedy="Save it as UTF-8 without a byte order mark.",
            )
    if b"\0" in raw:
        raise FileInvalid(
            f"{file}, line {_line_of(raw, raw.index(0))}: the file holds a NUL byte"
            " (a UTF-16 file, or not text at all).",
            remedy="Save it as UTF-8 text.",
        )
    if b"\r" in raw:
        raise FileInvalid(
            f"{file}, line {_line_of(raw, raw.index(13))}: the line ends with a carriage return"
            " (CRLF). Literals and function bodies would store it, and the file's digest would"
            " differ from one checkout to the next.",
            remedy="Save it with Unix line ends; `*.sql text eol=lf` in .gitattributes keeps them.",
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileInvalid(
            f"{file}, line {_line_of(raw, error.start)}: byte 0x{raw[error.start]:02x} is not"
            " UTF-8 (the file may be Latin-1).",
            remedy="Save it as UTF-8; nothing is guessed about encodings here.",
        ) from None


def _line_of(raw: bytes, position: int) -> int:
    return raw.count(b"\n", 0, position) + 1
