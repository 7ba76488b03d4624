"""What secrets look like: one rule for each kind, and where in a text it is worth trying.

A pattern that is tried at every letter of a notebook costs more than running a phase's cells. So a
rule names words of which every match holds one; where a match can only begin at such a word, or a
few letters before it, the pattern is tried there and nowhere else. What is found is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

# A quotation mark as Python, JSON inside JSON, or HTML writes it.
_Q = r"(?:\\*[\"']|&quot;|&\#0?39;|&\#x27;|&apos;)"
_NAME = r"(?:[\w.-]{0,60}(?:passw(?:or)?d|passphrase)|PGPASS)"
# What stands where a password would, without being one: placeholders and SQL parameters.
_BLANK = r"(?:\*+|\$\d+|%s|%\(\w+\)s|:\w+|\?|none|null|true|false|<[\w -]+>|\$\{?\w+\}?)"
# What documentation writes for a password: to be filled in, not to be hidden.
PLACEHOLDER = re.compile(
    r"\*+|…+|\.+|x{3,}|\[[\w -]+\]|<[\w -]+>|\$\{?\w+\}?|\{\w+\}|[A-Z]*PASSWORD|SECRET|TOKEN"
)
_KEYS = r"host|hostaddr|port|dbname|user|sslmode|options|application_name|connect_timeout"


class Rule(NamedTuple):
    """One kind of secret.

    Fields:
        needs: words of which a match holds at least one.
        text, flags: of the pattern.
        before: a match begins at one of these words, or at most so many letters before it; None
            when it may begin anywhere.
        exact: the words stand in a match as written here; otherwise in any case, here in lower.
    """

    kind: str
    needs: tuple[str, ...]
    text: str
    flags: int
    before: int | None = None
    exact: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        """The group named `secret` is what goes; the rest of the match is context."""
        return _compiled(self.text, self.flags)

    def worth_trying(self, text: str, low: str) -> bool:
        """Whether `text` can hold one; `low` is the same in lower case."""
        where = text if self.exact else low
        return any(word in where for word in self.needs)

    def matches(self, text: str, low: str) -> Iterator[re.Match[str]]:
        """What `pattern.finditer(text)` gives."""
        starts = self._starts(text if self.exact else low, len(text))
        if starts is None:
            yield from self.pattern.finditer(text)
            return
        end, pattern = 0, self.pattern
        for start in starts:
            if start >= end and (match := pattern.match(text, start)):
                yield match
                end = match.end()

    def _starts(self, where: str, length: int) -> list[int] | None:
        """Where a match can begin, in order; None when that is not known, or all over the text."""
        if self.before is None or len(where) != length:
            return None
        found: set[int] = set()
        for word in self.needs:
            at = where.find(word)
            while at >= 0:
                found.update(range(max(0, at - self.before), at + 1))
                if len(found) > 1_000 + length // 20:
                    return None
                at = where.find(word, at + 1)
        return sorted(found)


def _rule(
    kind: str,
    needs: str,
    pattern: str,
    flags: int = 0,
    *,
    before: int | None = None,
    exact: bool = False,
) -> Rule:
    words = tuple(needs.split("|"))
    return Rule(kind, words, pattern, flags | re.VERBOSE, before, exact)


# Compiled when a text is met that needs it: most commands write nothing.
_compiled = cache(re.compile)


# In order, and bounded: a long text without blanks must not be read again from each of its letters.
RULES = (
    _rule(
        "private key",
        "-----BEGIN ",
        r"-----BEGIN\ [A-Z0-9\ ]*PRIVATE\ KEY-----"
        r"(?P<secret>.*?)(?=-----END\ [A-Z0-9\ ]*PRIVATE\ KEY-----|\Z)",
        re.DOTALL,
        before=0,
        exact=True,
    ),
    # Greedy up to the last @ of the word: a password with an unescaped @, / or : stays whole.
    _rule(
        "password in a URI",
        "postgres",
        r"\bpostgres(?:ql)?(?:\+\w+)?:(?:\\?/){2}[^\s:@/\"'<>]{0,200}(?::|%3[Aa])"
        r"(?P<secret>[^\s\"'<>]{0,300})@",
        re.IGNORECASE,
        before=0,
    ),
    # With a blank in it; but host:5432/db followed by someone's address is not one.
    _rule(
        "password in a URI",
        "postgres",
        r"\bpostgres(?:ql)?(?:\+\w+)?://[^\s:@/\"'<>]{0,200}:(?!\d+(?:[/?,\s]|$))"
        r"(?P<secret>[^\n\"'<>@]{1,120})@",
        re.IGNORECASE,
        before=0,
    ),
    # Without a host: what stands where the port would is not a number.
    _rule(
        "password in a URI",
        "postgres",
        r"\bpostgres(?:ql)?(?:\+\w+)?://[^\s:@/\"'<>]{1,200}:(?!\d*(?:[/?,;)\s\"'<]|$))"
        r"(?!//)(?P<secret>[^\s\"'<>@]{1,300})(?![^\s@]{0,300}@)",
        re.IGNORECASE,
        before=0,
    ),
    _rule(
        "password in a URI",
        ":/|:\\/",
        r"\b[a-z][a-z0-9+.-]{0,30}:(?:\\?/){2}[^\s:@/?\#\"'<>]{0,200}:(?P<secret>[^\s@/\"'<>]{1,300})@",
        re.IGNORECASE,
        before=31,
    ),
    # An unquoted password with blanks, between other words of a conninfo string.
    _rule(
        "password",
        "password",
        rf"\bpassword\s*=\s*(?P<secret>(?![\"'])(?:(?!\s\w+\s*=)[^\n\"'<]){{1,300}}?)"
        rf"(?=\s+(?:{_KEYS})\s*=)",
        re.IGNORECASE,
        before=0,
    ),
    _rule(
        "password",
        "passw|passphrase|pgpass",
        rf"\b{_NAME}(?:{_Q})?\s*(?:=>?|:)\s*(?P<quote>{_Q})"
        rf"(?!{_BLANK}(?P=quote))(?P<secret>(?:\\.|(?!(?P=quote))[^\n])+)",
        re.IGNORECASE,
        before=60,
    ),
    _rule(
        "password",
        "passw|passphrase|pgpass",
        rf"\b{_NAME}\s*=\s*(?!{_Q})(?!{_BLANK}(?:[\s,;)\]&<\"']|$))"
        rf"(?P<secret>(?:\\.|(?!</?[a-z])\S)+?)(?=(?:{_Q}|[)\];,.])*(?:\s|$|</?[a-z]))",
        re.IGNORECASE,
        before=60,
    ),
    _rule(
        "password",
        "password",
        r"\bpassword\s+(?P<quote>\\*'|&\#0?39;|&\#x27;)"
        rf"(?!{_BLANK}(?P=quote))(?P<secret>(?:(?!(?P=quote))[^\n])+)",
        re.IGNORECASE,
        before=0,
    ),
    # libpq repeats pieces of a conninfo that it could not read.
    *(
        _rule("password", words, pattern, before=0, exact=True)
        for words, pattern in (
            ("missing", r"missing\ \"=\"\ after\ \"(?P<secret>[^\"]+)\""),
            ("invalid port", r"invalid\ port\ number:\ \"(?P<secret>(?!-?\d+\")[^\"]+)\""),
            (
                "invalid integer",
                r"invalid\ integer\ value\ \"(?P<secret>(?!-?\d+\")[^\"]+)\""
                r"\ for\ connection\ option",
            ),
            ("host name", r"host\ name\ \"(?P<secret>[^\"]*)@[^\"]*\""),
            ("invalid percent", r"invalid\ percent-encoded\ token:\ \"(?P<secret>[^\"]+)\""),
        )
    ),
    _rule(
        "password file",
        ":*|:0|:1|:2|:3|:4|:5|:6|:7|:8|:9",
        r"^(?:\*|localhost|[\w-]+(?:\.[\w-]+)+):(?:\*|[0-9]{4,5}):[^:\s]+:"
        r"[^:\s]+:(?P<secret>\S+)$",
        re.MULTILINE,
    ),
    _rule(
        "secret in an environment variable",
        "SECRET|TOKEN|API_KEY|APIKEY|ACCESS_KEY|SERVICE_KEY|ROLE_KEY|PRIVATE_KEY",
        r"\b[A-Z][A-Z0-9_]*(?:SECRET|TOKEN|API_?KEY|ACCESS_KEY|SERVICE_KEY|ROLE_KEY|PRIVATE_KEY)"
        rf"\s*=\s*(?P<quote>{_Q})?(?!{_BLANK}(?:\W|$))(?P<secret>[^\s\"'<]{{6,}})",
        exact=True,
    ),
    _rule(
        "key",
        "secret_|aws_secret_|client_secret|apikey|api_key|api-key|service_role",
        r"(?i:\b(?:aws_)?secret_(?:access_)?key|\bclient_secret|\bapi[_-]?key|\bapikey|"
        rf"\bservice_role(?:_key)?)(?:{_Q})?\s*[=:]\s*(?:{_Q})?"
        r"(?P<secret>(?=[\w./+=-]*\d)[\w./+=-]{16,})",
        before=0,
    ),
    _rule("token", "bearer", r"(?i:\bbearer)\s+(?P<secret>[\w.~+/-]{16,}=*)", before=0),
    _rule(
        "token",
        "authorization",
        rf"(?i:\bauthorization(?:{_Q})?\s*[:=]\s*(?:{_Q})?basic)\s+(?P<secret>[\w+/-]{{8,}}=*)",
        before=0,
    ),
    # A dot and a second part: base64 of a vector has neither. A shortened one counts as well.
    _rule(
        "JWT",
        "eyJ",
        r"(?<![\w+/-])(?P<secret>eyJ[\w-]{8,}(?:\.[\w-]{4,}){1,4}\.?)",
        before=0,
        exact=True,
    ),
    _rule(
        "Supabase key",
        "sb_secret_|sbp_",
        r"\b(?P<secret>sb_secret_[\w-]{4,}|sbp_(?:\w+_)?[A-Za-z0-9]{16,})",
        before=0,
        exact=True,
    ),
    _rule(
        "AWS key",
        "AKIA|ASIA|AROA|AIDA",
        r"\b(?P<secret>(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{16})\b",
        before=0,
        exact=True,
    ),
    _rule(
        "token",
        "ghp_|gho_|ghu_|ghs_|ghr_|github_pat_|xox|sk_live_|rk_live_|wk_live_|sk_test_|rk_test_|wk_test_"
        "|sk-|AIza",
        r"\b(?P<secret>gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{22,}|xox[abprs]-[\w-]{10,}|"
        r"[srw]k_(?:live|test)_[A-Za-z0-9]{16,}|sk-(?:proj-|ant-[a-z0-9]+-)?[A-Za-z0-9_]{20,}|"
        r"AIza[\w-]{35})",
        before=0,
        exact=True,
    ),
    _rule(
        "password verifier",
        "SCRAM-SHA-256",
        r"(?P<secret>SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[\w+/=:]+)",
        before=0,
        exact=True,
    ),
    _rule(
        "password verifier",
        "md5|$2a$|$2b$|$2x$|$2y$",
        r"(?P<secret>(?<![\w-])md5[0-9a-f]{32}(?!\w)|\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53})",
        before=0,
        exact=True,
    ),
)

# All of those words at once, for the many texts that hold none; in lower case, as they are asked.
WORDS = re.compile(
    "|".join(sorted({re.escape(word.lower()) for rule in RULES for word in rule.needs}))
)
