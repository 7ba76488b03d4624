"""One redactor: whatever is written to disk or shown passes through here.

It knows what secrets look like: passwords in URIs and conninfo strings (also malformed ones, and
what libpq repeats of them in its errors), tokens with a known shape, password verifiers and private
keys. And it knows those that it was told of (`learn`: what the environment holds). It leaves alone
what an audit record is made of: digests, plan tokens, uuids, vectors, addresses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from html import escape
from typing import Any, NamedTuple
from urllib.parse import quote

MASK = "***"

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# A quotation mark as Python, JSON inside JSON, or HTML writes it.
_Q = r"(?:\\*[\"']|&quot;|&\#0?39;|&\#x27;|&apos;)"
_NAME = r"(?:[\w.-]{0,60}(?:passw(?:or)?d|passphrase)|PGPASS)"
# What stands where a password would, without being one: placeholders and SQL parameters.
_BLANK = r"(?:\*+|\$\d+|%s|%\(\w+\)s|:\w+|\?|none|null|true|false|<[\w -]+>|\$\{?\w+\}?)"
# What documentation writes for a password: to be filled in, not to be hidden.
_PLACEHOLDER = re.compile(
    r"\*+|…+|\.+|x{3,}|\[[\w -]+\]|<[\w -]+>|\$\{?\w+\}?|\{\w+\}|[A-Z]*PASSWORD|SECRET|TOKEN"
)
_KEYS = r"host|hostaddr|port|dbname|user|sslmode|options|application_name|connect_timeout"


class _Rule(NamedTuple):
    """One kind of secret.

    Fields:
        needs: lower-case words of which a match holds at least one; looking for them in a text
            costs a hundredth of trying the pattern on it, and most texts hold none.
        text, flags: of the pattern.
    """

    kind: str
    needs: tuple[str, ...]
    text: str
    flags: int

    @property
    def pattern(self) -> re.Pattern[str]:
        """The group named `secret` is what goes; the rest of the match is context."""
        return _compiled(self.text, self.flags)


def _rule(kind: str, needs: str, pattern: str, flags: int = 0) -> _Rule:
    return _Rule(kind, tuple(needs.split(" ")), pattern, flags | re.VERBOSE)


# Compiled when a text is met that needs it: most commands write nothing.
_compiled = cache(re.compile)


# In order, and bounded: a long text without blanks must not be read again from each of its letters.
_RULES = (
    _rule(
        "private key",
        "-----begin",
        r"-----BEGIN\ [A-Z0-9\ ]*PRIVATE\ KEY-----"
        r"(?P<secret>.*?)(?=-----END\ [A-Z0-9\ ]*PRIVATE\ KEY-----|\Z)",
        re.DOTALL,
    ),
    # Greedy up to the last @ of the word: a password with an unescaped @, / or : stays whole.
    _rule(
        "password in a URI",
        "postgres",
        r"\bpostgres(?:ql)?(?:\+\w+)?:(?:\\?/){2}[^\s:@/\"'<>]{0,200}(?::|%3[Aa])"
        r"(?P<secret>[^\s\"'<>]{0,300})@",
        re.IGNORECASE,
    ),
    # With a blank in it; but host:5432/db followed by someone's address is not one.
    _rule(
        "password in a URI",
        "postgres",
        r"\bpostgres(?:ql)?(?:\+\w+)?://[^\s:@/\"'<>]{0,200}:(?!\d+(?:[/?,\s]|$))"
        r"(?P<secret>[^\n\"'<>@]{1,120})@",
        re.IGNORECASE,
    ),
    # Without a host: what stands where the port would is not a number.
    _rule(
        "password in a URI",
        "postgres",
        r"\bpostgres(?:ql)?(?:\+\w+)?://[^\s:@/\"'<>]{1,200}:(?!\d*(?:[/?,;)\s\"'<]|$))"
        r"(?!//)(?P<secret>[^\s\"'<>@]{1,300})(?![^\s@]{0,300}@)",
        re.IGNORECASE,
    ),
    _rule(
        "password in a URI",
        "@",
        r"\b[a-z][a-z0-9+.-]{0,30}:(?:\\?/){2}[^\s:@/?\#\"'<>]{0,200}:(?P<secret>[^\s@/\"'<>]{1,300})@",
        re.IGNORECASE,
    ),
    # An unquoted password with blanks, between other words of a conninfo string.
    _rule(
        "password",
        "password",
        rf"\bpassword\s*=\s*(?P<secret>(?![\"'])(?:(?!\s\w+\s*=)[^\n\"'<]){{1,300}}?)"
        rf"(?=\s+(?:{_KEYS})\s*=)",
        re.IGNORECASE,
    ),
    _rule(
        "password",
        "passw passphrase pgpass",
        rf"\b{_NAME}(?:{_Q})?\s*(?:=>?|:)\s*(?P<quote>{_Q})"
        rf"(?!{_BLANK}(?P=quote))(?P<secret>(?:\\.|(?!(?P=quote))[^\n])+)",
        re.IGNORECASE,
    ),
    _rule(
        "password",
        "passw passphrase pgpass",
        rf"\b{_NAME}\s*=\s*(?!{_Q})(?!{_BLANK}(?:[\s,;)\]&<\"']|$))"
        rf"(?P<secret>(?:\\.|(?!</?[a-z])\S)+?)(?=(?:{_Q}|[)\];,.])*(?:\s|$|</?[a-z]))",
        re.IGNORECASE,
    ),
    _rule(
        "password",
        "password",
        r"\bpassword\s+(?P<quote>\\*'|&\#0?39;|&\#x27;)"
        rf"(?!{_BLANK}(?P=quote))(?P<secret>(?:(?!(?P=quote))[^\n])+)",
        re.IGNORECASE,
    ),
    # libpq repeats pieces of a conninfo that it could not read.
    _rule("password", "missing", r"missing\ \"=\"\ after\ \"(?P<secret>[^\"]+)\""),
    _rule("password", "invalid", r"invalid\ port\ number:\ \"(?P<secret>(?!-?\d+\")[^\"]+)\""),
    _rule(
        "password",
        "invalid",
        r"invalid\ integer\ value\ \"(?P<secret>(?!-?\d+\")[^\"]+)\"\ for\ connection\ option",
    ),
    _rule("password", "host", r"host\ name\ \"(?P<secret>[^\"]*)@[^\"]*\""),
    _rule("password", "invalid", r"invalid\ percent-encoded\ token:\ \"(?P<secret>[^\"]+)\""),
    _rule(
        "password file",
        ":* :0 :1 :2 :3 :4 :5 :6 :7 :8 :9",
        r"^(?:\*|localhost|[\w-]+(?:\.[\w-]+)+):(?:\*|[0-9]{4,5}):[^:\s]+:"
        r"[^:\s]+:(?P<secret>\S+)$",
        re.MULTILINE,
    ),
    _rule(
        "secret in an environment variable",
        "secret token key",
        r"\b[A-Z][A-Z0-9_]*(?:SECRET|TOKEN|API_?KEY|ACCESS_KEY|SERVICE_KEY|ROLE_KEY|PRIVATE_KEY)"
        rf"\s*=\s*(?P<quote>{_Q})?(?!{_BLANK}(?:\W|$))(?P<secret>[^\s\"'<]{{6,}})",
    ),
    _rule(
        "key",
        "secret_ apikey api_key api-key service_role",
        r"(?i:\b(?:aws_)?secret_(?:access_)?key|\bclient_secret|\bapi[_-]?key|\bapikey|"
        rf"\bservice_role(?:_key)?)(?:{_Q})?\s*[=:]\s*(?:{_Q})?"
        r"(?P<secret>(?=[\w./+=-]*\d)[\w./+=-]{16,})",
    ),
    _rule("token", "bearer", r"(?i:\bbearer)\s+(?P<secret>[\w.~+/-]{16,}=*)"),
    _rule(
        "token",
        "authorization",
        rf"(?i:\bauthorization(?:{_Q})?\s*[:=]\s*(?:{_Q})?basic)\s+(?P<secret>[\w+/-]{{8,}}=*)",
    ),
    # A dot and a second part: base64 of a vector has neither. A shortened one counts as well.
    _rule("JWT", "eyj", r"(?<![\w+/-])(?P<secret>eyJ[\w-]{8,}(?:\.[\w-]{4,}){1,4}\.?)"),
    _rule(
        "Supabase key",
        "sb_secret_ sbp_",
        r"\b(?P<secret>sb_secret_[\w-]{4,}|sbp_(?:\w+_)?[A-Za-z0-9]{16,})",
    ),
    _rule("AWS key", "akia asia aroa aida", r"\b(?P<secret>(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{16})\b"),
    _rule(
        "token",
        "gh github_pat_ xox k_live_ k_test_ sk- aiza",
        r"\b(?P<secret>gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{22,}|xox[abprs]-[\w-]{10,}|"
        r"[srw]k_(?:live|test)_[A-Za-z0-9]{16,}|sk-(?:proj-|ant-[a-z0-9]+-)?[A-Za-z0-9_]{20,}|"
        r"AIza[\w-]{35})",
    ),
    _rule(
        "password verifier",
        "scram-sha-256",
        r"(?P<secret>SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[\w+/=:]+)",
    ),
    _rule("password verifier", "md5", r"(?<![\w-])(?P<secret>md5[0-9a-f]{32})(?!\w)"),
    _rule("password verifier", "$2", r"(?P<secret>\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53})"),
)

# All of those words at once, for the many texts that hold none.
_WORDS = re.compile("|".join(sorted({re.escape(word) for rule in _RULES for word in rule.needs})))


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
    return _redacted(text, _ours)


# A record's texts pass here several times: as they arrive, in their cell, once more at the end.
@lru_cache(maxsize=1_024)
def _redacted(text: str, ours: re.Pattern[str] | None) -> str:
    if "\x1b" in text:
        if not find_secrets(text):
            return text
        text = _ANSI.sub("", text)
    if ours is not None:
        text = ours.sub(MASK, text)
    for rule in _worth_trying(text):
        text = rule.pattern.sub(_mask, text)
    return text


def find_secrets(text: str) -> list[str]:
    """The kinds of secret in `text`, each once, never the secrets themselves; [] when clean."""
    return list(_found(text, _ours))


@lru_cache(maxsize=1_024)
def _found(text: str, ours: re.Pattern[str] | None) -> tuple[str, ...]:
    kinds: list[str] = []
    text = _ANSI.sub("", text)
    if ours is not None and ours.search(text):
        kinds.append("a secret of this environment")
    for rule in _worth_trying(text):
        if rule.kind not in kinds and any(map(_is_secret, rule.pattern.finditer(text))):
            kinds.append(rule.kind)
    return tuple(kinds)


def redact_tree(value: Any) -> Any:
    """A copy of nested mappings and lists in which every string passed `redact`."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return type(value)({key: redact_tree(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return [redact_tree(item) for item in value]
    return value


@lru_cache(maxsize=1_024)
def _worth_trying(text: str) -> Sequence[_Rule]:
    """The rules that can match in `text`, or in what masking it leaves: *** makes no new word."""
    low = text.lower()
    if not low.isascii():
        # What re.IGNORECASE takes for an ASCII letter, too: `paſſword` is a password.
        low = low.replace("ſ", "s").replace("ı", "i").replace("i̇", "i")
    if not _WORDS.search(low):
        return ()
    return [rule for rule in _RULES if any(word in low for word in rule.needs)]


def _is_secret(match: re.Match[str]) -> bool:
    return match["secret"] != "" and not _PLACEHOLDER.fullmatch(match["secret"])


def _mask(match: re.Match[str]) -> str:
    if not _is_secret(match):
        return match[0]
    start, end = (edge - match.start() for edge in match.span("secret"))
    return match[0][:start] + MASK + match[0][end:]
