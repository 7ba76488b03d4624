"""What the redactor takes out, and what it must leave alone."""

import hashlib
import itertools
import json
import re
import uuid

import pytest
from runbook.redact import MASK, find_secrets, redact, redact_tree
from runbook.redaction.rules import PLACEHOLDER, RULES

JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
    ".eyJpc3MiOiJzdXBhYmFzZSIsInJvbGUiOiJzZXJ2aWNlX3JvbGUifQ"
    ".c2lnbmF0dXJlLW9mLW5vdGhpbmctYXQtYWxs"
)
SECRET = "hunter2-Zq9"

HIDDEN = {
    "uri": f"postgresql://app:{SECRET}@db.example.com:5432/app",
    "uri_short_scheme": f"postgres://app:{SECRET}@db/app",
    "uri_driver": f"postgresql+psycopg://app:{SECRET}@db/app",
    "uri_upper_case": f"POSTGRES://app:{SECRET}@db/app",
    "uri_no_user": f"postgres://:{SECRET}@db/app",
    "uri_at_in_password": f"postgres://app:p@{SECRET}@db/app",
    "uri_slash_in_password": f"postgres://app:12/{SECRET}@db/app",
    "uri_colon_in_password": f"postgres://app:a:{SECRET}@db/app",
    "uri_hash_in_password": f"postgres://app:a#{SECRET}@db/app",
    "uri_question_in_password": f"postgres://app:a?{SECRET}@db/app",
    "uri_bracket_in_password": f"postgres://app:a[{SECRET}@db/app",
    "uri_blank_in_password": f"postgres://app:my {SECRET}@db/app",
    "uri_encoded_colon": f"postgres://app%3A{SECRET}@db/app",
    "uri_encoded_at": f"postgres://app:{SECRET}%40db/app",
    "uri_without_host": f"postgres://app:{SECRET}",
    "uri_query": f"postgres://db/app?user=app&password={SECRET}&sslmode=require",
    "uri_json_slashes": f'{{"dsn": "postgres:\\/\\/app:{SECRET}@db\\/app"}}',
    "uri_other_scheme": f"https://me:{SECRET}@git.example.com/x.git",
    "uri_in_prose": f"could not connect to postgres://app:{SECRET}@db/app: timeout",
    "conninfo": f"host=db user=app password={SECRET} dbname=app",
    "conninfo_spaces": f"host=db password = {SECRET} dbname=app",
    "conninfo_quoted": f"host=db password='{SECRET}' dbname=app",
    "conninfo_quoted_blanks": f"host=db password='a b {SECRET}' dbname=app",
    "conninfo_quoted_escape": f"host=db password='it\\'s {SECRET}' dbname=app",
    "conninfo_unterminated": f"host=db password='{SECRET}",
    "conninfo_blank_unquoted": f"host=db password=my {SECRET} dbname=app",
    "conninfo_escaped_blank": f"password=my\\ {SECRET} host=db",
    "conninfo_quote_inside": f"password=a'{SECRET} host=db",
    "conninfo_less_than_inside": f"password=a<1{SECRET} host=db",
    "conninfo_last_word": f'connect("host=db password={SECRET}")',
    "pgpassword": f"PGPASSWORD={SECRET} psql -h db",
    "keyword_argument": f'psycopg.connect(host="db", password="{SECRET}")',
    "json": json.dumps({"user": "app", "password": SECRET}),
    "json_in_json": json.dumps(json.dumps({"password": SECRET})),
    "python_repr": repr({"password": SECRET}),
    "html_quotes": f"<td>password=&#x27;{SECRET}&#x27;</td>",
    "html_json": f"<td>{{&quot;password&quot;: &quot;{SECRET}&quot;}}</td>",
    "html_bare": f"<td>password={SECRET}</td><td>next</td>",
    "sql_role": f"create role app with login password '{SECRET}';",
    "sql_alter": f"ALTER USER app PASSWORD '{SECRET}'",
    "sql_encrypted": f"alter role app encrypted password '{SECRET}'",
    "sql_column": f"update auth.users set encrypted_password = '{SECRET}'",
    "libpq_missing_equals": f'missing "=" after "{SECRET}" in connection info string',
    "libpq_port": f'invalid integer value "{SECRET}" for connection option "port"',
    "libpq_port_number": f'invalid port number: "{SECRET}"',
    "libpq_host": f'could not translate host name "{SECRET}@db" to address: unknown',
    "libpq_percent": f'invalid percent-encoded token: "%zz{SECRET}"',
    "pgpass_line": f"db.example.com:5432:app:app:{SECRET}",
    "authorization": f"Authorization: Basic {SECRET}==",
    "environment": f"SUPABASE_SERVICE_ROLE_KEY={SECRET}",
    "environment_token": f"export DEPLOY_TOKEN='{SECRET}'",
    "bearer": f"Authorization: Bearer {SECRET}abcdefgh",
    "coloured": f"password\x1b[38;5;241m=\x1b[39m\x1b[33m'{SECRET}'\x1b[39m",
}
SHAPES = {
    "jwt": JWT,
    "jwt_unsigned": JWT.rsplit(".", 1)[0] + ".",
    "jwt_shortened": JWT[:52],
    "supabase_secret": "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz",
    "supabase_access": "sbp_" + "0a1b2c3d4e" * 4,
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "github": "ghp_" + "a1B2c3D4e5" * 4,
    "scram": "SCRAM-SHA-256$4096:c2FsdHNhbHQ=$c3RvcmVk:c2VydmVy",
    "md5": "md5" + hashlib.md5(b"x").hexdigest(),
    "private_key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEFAASC\n"
    "-----END PRIVATE KEY-----",
    "private_key_cut": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\nAAAA",
}
KEPT = {
    "address": "organizer@example.com",
    "uuid": str(uuid.uuid4()),
    "sha256": hashlib.sha256(b"x").hexdigest(),
    "plan_token": "approve = '9f86d081884c7d65'",
    "vector": "eyJ" + "QUJDREVG" * 40,
    "vector_text": "[0.12,-0.5,1e-05]",
    "uri_without_password": "postgresql://app@db.example.com:5432/app",
    "uri_without_user": "postgres://localhost:5432/app",
    "uri_hosts": "postgres://one:5432,two:5433/app",
    "uri_then_address": "postgres://localhost:5432/app for a@example.com",
    "uri_masked": "postgres://app:***@db/app",
    "web": "https://example.com:8443/path?x=1#y",
    "conninfo": "host=db port=5432 dbname=app user=app sslmode=require",
    "conninfo_masked": "host=db password=*** dbname=app",
    "service": "service=production",
    "env_target": "env:DATABASE_URL",
    "column": "encrypted_password text not null",
    "comparison": "where u.encrypted_password = $1",
    "placeholder": "password=%(password)s",
    "documentation": "postgres://USER:PASSWORD@HOST/db, postgres://postgres:[YOUR-PASSWORD]@db/x",
    "documentation_dots": "PGPASSWORD=… or password=... host=db",
    "policy": 'create policy "password reset" on public.profiles',
    "prose": "The password is read from .pgpass; no password is stored.",
    "time": "12:30:00 2026-11-22T12:30:00Z",
    "ipv6": "2001:4860:db8:a1:b2:c3:d4:e5",
    "publishable": "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH",
    "port_error": 'invalid integer value "54x" is not printed: "port 5432"',
    "sql": "select session_token, token_hash from public.wizard_sessions where token = '…'",
    "header": '{"x-wizard-token":"3f0c1e9a-0000-4000-8000-000000000001"}',
    "coloured_source": "password=\x1b[38;5;28;01mFalse\x1b[39;00m,",
    "colours": "\x1b[31mFAIL\x1b[0m expected 3 rows",
    "traceback": "runbook.errors.StatementFailed: 20251017080000_wizard_sessions.sql:12:5",
}


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_password_does_not_survive(text):
    assert SECRET not in redact(text)
    assert find_secrets(text)


@pytest.mark.parametrize("secret", SHAPES.values(), ids=SHAPES.keys())
def test_a_token_does_not_survive_wherever_it_stands(secret):
    core = secret.splitlines()[-2 if "END" in secret else -1].strip("-")
    for text in (secret, f"key: {secret} end", f'<td title="{secret}">', f"({secret})"):
        assert core not in redact(text)
        assert find_secrets(text)


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT.keys())
def test_what_is_no_secret_stays_as_it_is(text):
    assert redact(text) == text
    assert find_secrets(text) == []


@pytest.mark.parametrize("text", [*HIDDEN.values(), *SHAPES.values()])
def test_redacting_twice_changes_nothing_more(text):
    once = redact(text)
    assert redact(once) == once
    assert find_secrets(once) == []


def test_the_context_of_a_secret_stays_readable():
    assert redact(HIDDEN["uri"]) == "postgresql://app:***@db.example.com:5432/app"
    assert redact(HIDDEN["conninfo"]) == "host=db user=app password=*** dbname=app"
    assert redact(HIDDEN["html_bare"]) == "<td>password=***</td><td>next</td>"


def test_the_kinds_found_do_not_repeat_the_secret():
    for text in (*HIDDEN.values(), *SHAPES.values()):
        assert not any(kind in text and kind != "password" for kind in find_secrets(text))
        assert SECRET not in " ".join(find_secrets(text))


def test_no_letter_that_a_pattern_takes_for_another_hides_a_secret():
    letters = re.compile("[a-z]", re.IGNORECASE)
    folding = [sign for sign in map(chr, range(128, 0x110000)) if letters.fullmatch(sign)]
    assert len(folding) >= 4  # ſ, K, ı, İ
    for sign in folding:
        plain = next(a for a in "abcdefghijklmnopqrstuvwxyz" if re.fullmatch(a, sign, re.I))
        for text in (*HIDDEN.values(), *SHAPES.values()):
            for odd in (text.replace(plain, sign), text.replace(plain.upper(), sign)):
                tried = odd
                for rule in RULES:
                    tried = rule.pattern.sub(_masked, tried)
                if "\x1b" not in odd:
                    assert redact(odd) == tried


def _masked(match: re.Match[str]) -> str:
    if not match["secret"] or PLACEHOLDER.fullmatch(match["secret"]):
        return match[0]
    start, end = (edge - match.start() for edge in match.span("secret"))
    return match[0][:start] + MASK + match[0][end:]


MORE = (
    'client_secret: "a1b2c3d4e5f6a7b8"',
    "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG aws_secret_access_key = wJalrXUtnFEMI/K7MDENG",
    "sk-proj-a1b2c3d4e5f6a7b8c9d0e1 AIza"
    + "a1b2c" * 7
    + " xoxb-123456789-ab sk_live_a1b2c3d4e5f6a7b8",
    "$2b$12$" + "a1B2c3D4e5./" * 4 + "a1B2c",
    "127.0.0.1 localhost:5432:app:ada:a-password",
)


def test_looking_only_where_a_secret_can_begin_finds_what_looking_everywhere_finds():
    texts = [*HIDDEN.values(), *SHAPES.values(), *KEPT.values(), *MORE]
    long = "\n".join(texts)
    joined = [f"{one}{way}{two}" for one, two in itertools.pairwise(texts) for way in ("", " x_")]
    found = dict.fromkeys(RULES, 0)
    for text in (*texts, *joined, long, f"{'a word ' * 4_000}{long}", long.replace("s", "ſ")):
        low = text.lower().replace("ſ", "s")
        for rule in RULES:
            here = [match.span() for match in rule.matches(text, low)]
            everywhere = [match.span() for match in rule.pattern.finditer(text)]
            assert here == everywhere
            assert rule.worth_trying(text, low) or not everywhere
            found[rule] += len(here)
    assert all(found.values()), [rule.kind for rule, times in found.items() if not times]


def test_a_tree_is_copied_and_every_string_in_it_redacted():
    tree = {"a": [f"password={SECRET}", 1, None], "b": {"c": JWT, "d": "plain"}}
    clean = redact_tree(tree)
    assert SECRET not in json.dumps(clean)
    assert clean["a"][1:] == [1, None]
    assert clean["b"]["d"] == "plain"
    assert SECRET in tree["a"][0]


def test_long_text_is_redacted_in_time_that_grows_with_its_length():
    fillers = ("a", "password ", "x=y ", "a:b:", "a-", "a.", "A_", "postgres://a:", "password=")
    for filler in (*fillers, "http://a:", "eyJ", "eyJaaaaaaaa.", "-----BEGIN ", "'", "\\"):
        text = filler * (50_000 // len(filler))
        assert SECRET not in redact(f"{text} password={SECRET}")
