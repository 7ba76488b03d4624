"""One redactor: whatever is written to disk or shown passes through here.

It knows what secrets look like: passwords in URIs and conninfo strings (also malformed ones, and
what libpq repeats of them in its errors), tokens with a known shape, password verifiers and private
keys. And it knows those that it was told of (`learn`: what the environment holds). It leaves alone
what an audit record is made of: digests, plan tokens, uuids, vectors, addresses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import quote

from .redaction.rules import PLACEHOLDER, RULES, WORDS, Rule

MASK = "***"
_LONG = 256

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_learned: set[str] = set()
_ours: re.Pattern[str] | None = None


def learn(secrets: Iterable[str]) -> None:
    """Know these values from now on, however they look; also as URIs, JSON and HTML write them."""
    global _ours
    forms = {
        form
        for secret in secrets
        for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], escape(secret))
    }
    if not forms <= _learned:
        _learned.update(forms)
        _ours = re.compile("|".join(re.escape(form) for form in sorted(_learned, key=len)[::-1]))


def redact(text: str) -> str:
    """`text` with every secret replaced by ***; text without secrets comes back unchanged.

    Colour codes can split a secret from its name (a coloured traceback does): where they hide
    one, the text loses its colours.
    """
    plain = _ANSI.sub("", text) if "\x1b" in text else text
    clean = (_remembered if len(plain) > _LONG else _remembered_short)(plain, _ours)
    return text if clean == plain else clean


def find_secrets(text: str) -> list[str]:
    """The kinds of secret in `text`, each once, never the secrets themselves; [] when clean."""
    text = _ANSI.sub("", text) if "\x1b" in text else text
    if redact(text) == text:
        return []
    ours = ["a secret of this environment"] if _ours is not None and _ours.search(text) else []
    low, rules = _worth_trying(text)
    kinds = [rule.kind for rule in rules if any(map(_is_secret, rule.matches(text, low)))]
    return list(dict.fromkeys(ours + kinds))


def _redacted(text: str, ours: re.Pattern[str] | None) -> str:
    if ours is not None:
        text = ours.sub(MASK, text)
    low, rules = _worth_trying(text)
    for rule in rules:
        masked = _masked(rule, text, low)
        if masked != text:
            text, low = masked, _lower(masked)
    return text


# A record's texts pass here several times: as they arrive, in their cell, in the page, and when
# the finished files are read once more. The many short ones must not push out the long ones.
_remembered = lru_cache(maxsize=1_024)(_redacted)
_remembered_short = lru_cache(maxsize=8_192)(_redacted)


def redact_tree(value: Any) -> Any:
    """A copy of nested mappings and lists in which every string passed `redact`."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return type(value)({key: redact_tree(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return [redact_tree(item) for item in value]
    return value


def _worth_trying(text: str) -> tuple[str, list[Rule]]:
    """`text` in lower case, and the rules that can match in it, or in what masking it leaves.

    Masking makes no new word.
    """
    low = _lower(text)
    if len(text) <= _LONG and not WORDS.search(low):
        return low, []
    return low, [rule for rule in RULES if rule.worth_trying(text, low)]


def _lower(text: str) -> str:
    low = text.lower()
    if not low.isascii():
        # What re.IGNORECASE takes for an ASCII letter, too: `paſſword` is a password.
        low = low.replace("ſ", "s").replace("ı", "i").replace("i̇", "i")
    return low


def _masked(rule: Rule, text: str, low: str) -> str:
    """`text` with the secrets of this kind replaced."""
    pieces, end = [], 0
    for match in filter(_is_secret, rule.matches(text, low)):
        start, after = match.span("secret")
        pieces += [text[end:start], MASK]
        end = after
    return "".join((*pieces, text[end:])) if pieces else text


def _is_secret(match: re.Match[str]) -> bool:
    return match["secret"] != "" and not PLACEHOLDER.fullmatch(match["secret"])
