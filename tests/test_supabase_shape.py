"""The shape of a database on the embedded server: what migrations for Supabase lean on."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid

import psycopg
import pytest
from psycopg import errors
from runbook.postgres import cluster
from runbook.resources import folder

STAND_INS = sorted(path.stem for path in (folder("supabase") / "extension").glob("*.control"))


def one(conn: psycopg.Connection, text: str, *values: object) -> object:
    return conn.execute(text, values).fetchone()[0]


def test_postgres_is_no_superuser_yet_creates_vector(conn: psycopg.Connection) -> None:
    assert one(conn, "show is_superuser") == "off"
    conn.execute("create extension vector with schema extensions")
    assert one(conn, "select '[1,0]'::vector <=> '[0,1]'::vector") == 1.0


def test_postgres_has_the_attributes_it_has_on_supabase(conn: psycopg.Connection) -> None:
    held = conn.execute(
        "select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication, rolcanlogin "
        "from pg_roles where rolname = current_user"
    ).fetchone()
    assert held == (False, True, True, True, True, True)
    assert one(
        conn, "select datdba::regrole::text from pg_database where datname = current_database()"
    )
    assert one(conn, "select pg_has_role('postgres', 'pg_database_owner', 'usage')")


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role", "authenticator"])
def test_postgres_becomes_each_role_of_the_api(conn: psycopg.Connection, role: str) -> None:
    conn.execute(f"set role {role}")
    assert one(conn, "select current_user") == role
    assert one(conn, "show is_superuser") == "off"


def test_only_service_role_passes_row_level_security(conn: psycopg.Connection) -> None:
    passing = conn.execute(
        "select rolname from pg_roles where rolbypassrls "
        "and rolname in ('anon', 'authenticated', 'service_role', 'authenticator')"
    ).fetchall()
    assert passing == [("service_role",)]


def test_default_privileges_open_new_tables_to_anon(conn: psycopg.Connection) -> None:
    conn.execute("create table public.notes (body text); insert into notes values ('seen')")
    with conn.transaction():
        conn.execute("set local role anon")
        assert one(conn, "select body from public.notes") == "seen"
    conn.execute("alter table public.notes enable row level security")
    with conn.transaction():
        conn.execute("set local role anon")
        assert one(conn, "select count(*) from public.notes") == 0


def test_a_schema_of_ones_own_is_closed_to_anon(conn: psycopg.Connection) -> None:
    conn.execute("create schema private; create table private.notes (body text)")
    conn.execute("set role anon")
    with pytest.raises(errors.InsufficientPrivilege):
        conn.execute("select body from private.notes")


@pytest.mark.parametrize("setting", ["request.jwt.claims", "request.jwt.claim."])
def test_auth_functions_read_the_claims(conn: psycopg.Connection, setting: str) -> None:
    claims = {"sub": str(uuid.uuid4()), "role": "authenticated", "email": "ada@example.org"}
    with conn.transaction():
        conn.execute("set local role authenticated")
        for name, value in claims.items():
            setting_name, text = setting, json.dumps(claims)
            if setting.endswith("."):
                setting_name, text = setting + name, value
            conn.execute("select set_config(%s, %s, true)", [setting_name, text])
        found = conn.execute("select auth.uid()::text, auth.role(), auth.email()").fetchone()
        assert found == tuple(claims.values())
    # The settings are empty strings from here on, as after a request of PostgREST.
    assert conn.execute("select auth.uid(), auth.role(), auth.jwt()").fetchone() == (None,) * 3


def test_a_trigger_on_auth_users_can_be_made_and_dropped(conn: psycopg.Connection) -> None:
    conn.execute("create table public.profiles (id uuid primary key references auth.users (id))")
    conn.execute(
        "create function public.add_profile() returns trigger language plpgsql security definer "
        "as 'begin insert into public.profiles values (new.id); return new; end'"
    )
    conn.execute(
        "create trigger add_profile after insert on auth.users "
        "for each row execute function public.add_profile()"
    )
    conn.execute("insert into auth.users (id, email) values (gen_random_uuid(), 'a@example.org')")
    assert one(conn, "select count(*) from public.profiles") == 1
    conn.execute("drop trigger add_profile on auth.users")


def test_policies_can_be_made_on_storage_objects(conn: psycopg.Connection) -> None:
    conn.execute("insert into storage.buckets (id, name) values ('posters', 'posters')")
    conn.execute("insert into storage.objects (bucket_id, name) values ('posters', 'a/b/c.tar.gz')")
    conn.execute(
        "create policy posters on storage.objects for select to anon "
        "using (bucket_id = 'posters' and (storage.foldername(name))[1] = 'a')"
    )
    conn.execute("set role anon")
    assert conn.execute(
        "select storage.foldername(name), storage.filename(name), storage.extension(name) "
        "from storage.objects"
    ).fetchall() == [(["a", "b"], "c.tar.gz", "gz")]
    conn.execute("reset role; drop policy posters on storage.objects")


@pytest.mark.parametrize(
    "statement",
    [
        "alter table auth.users add column nickname text",
        "drop table auth.users cascade",
        "drop schema auth cascade",
        "create table auth.mine (id int)",
        "create or replace function auth.uid() returns uuid language sql as 'select null::uuid'",
        "alter table storage.objects disable row level security",
        "create index on storage.objects (name)",
        "alter function auth.uid() rename to me",
    ],
)
def test_what_supabase_withholds_is_refused(conn: psycopg.Connection, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        conn.execute(statement)
    assert one(conn, "select auth.uid()") is None


def test_realtime_publication_takes_tables(conn: psycopg.Connection) -> None:
    conn.execute("create table public.notes (id int primary key)")
    conn.execute("alter publication supabase_realtime add table public.notes")
    assert one(conn, "select tablename from pg_publication_tables") == "notes"


def test_cli_history_has_the_columns_of_the_cli(conn: psycopg.Connection) -> None:
    columns = conn.execute(
        "select column_name, data_type from information_schema.columns "
        "where table_schema = 'supabase_migrations' order by ordinal_position"
    ).fetchall()
    assert columns == [("version", "text"), ("statements", "ARRAY"), ("name", "text")]
    assert (
        one(
            conn,
            "select tableowner from pg_tables where tablename = 'schema_migrations' "
            "and schemaname = 'supabase_migrations'",
        )
        == "postgres"
    )


def test_postgres_creates_the_extensions_of_supabase(conn: psycopg.Connection) -> None:
    for name in (*STAND_INS, *cluster.TRUSTED):
        conn.execute(f'create extension if not exists "{name}" with schema extensions cascade')
        comment = one(
            conn,
            "select obj_description(oid, 'pg_extension') from pg_extension where extname = %s",
            name,
        )
        assert comment.startswith(f"stand-in for {name}: ") == (name in STAND_INS)


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("pg_cron", "pg_catalog"),
        ("pg_graphql", "graphql"),
        ("pg_net", "extensions"),
        ("pgmq", "pgmq"),
        ("pgsodium", None),
        ("supabase_vault", "vault"),
        ("uuid-ossp", "extensions"),
    ],
)
def test_extensions_go_where_dumps_of_supabase_projects_put_them(
    conn: psycopg.Connection, name: str, schema: str | None
) -> None:
    if schema == name:
        conn.execute(f"create schema if not exists {schema}")
    where = f'with schema "{schema}"' if schema else ""
    conn.execute(f'create extension if not exists "{name}" {where}')


def test_the_publication_can_be_made_anew(conn: psycopg.Connection) -> None:
    conn.execute("drop publication if exists supabase_realtime")
    conn.execute("create publication supabase_realtime")


def test_uuid_ossp_is_true(conn: psycopg.Connection) -> None:
    for version, reference in ((3, uuid.uuid3), (5, uuid.uuid5)):
        for text in ("www.example.com", "ä" * 60):
            made = one(conn, f"select uuid_generate_v{version}(uuid_ns_dns(), %s)", text)
            assert made == reference(uuid.NAMESPACE_DNS, text)
    first, random = conn.execute("select uuid_generate_v1(), uuid_generate_v4()").fetchone()
    assert (first.version, first.variant, random.version) == (1, uuid.RFC_4122, 4)
    assert (
        abs(
            (first.time - 0x01B21DD213814000) / 1e7
            - float(one(conn, "select extract(epoch from clock_timestamp())"))
        )
        < 60
    )


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])
def test_pgcrypto_digests_are_true(conn: psycopg.Connection, algorithm: str) -> None:
    for length in (0, 55, 56, 63, 64, 119, 120, 300):
        text = b"x" * length
        made = one(conn, "select digest(%s::bytea, %s)", text, algorithm)
        assert made == hashlib.new(algorithm, text).digest()
        key = b"k" * length
        made = one(conn, "select hmac(%s::bytea, %s::bytea, %s)", text, key, algorithm)
        assert made == hmac.digest(key, text, algorithm)


def test_pgcrypto_refuses_what_it_cannot_do(conn: psycopg.Connection) -> None:
    for call in ("crypt('secret', '$2a$06$abc')", "gen_salt('bf')", "pgp_sym_encrypt('a', 'b')"):
        with pytest.raises(errors.FeatureNotSupported):
            conn.execute(f"select {call}")
    with pytest.raises(errors.InvalidParameterValue):
        conn.execute("select digest('a', 'whirlpool')")


def test_random_bytes_differ_and_have_the_length_asked_for(conn: psycopg.Connection) -> None:
    first, second = conn.execute("select gen_random_bytes(33), gen_random_bytes(33)").fetchone()
    assert len(first) == len(second) == 33
    assert first != second


def test_pgjwt_signs_as_the_standard_says(conn: psycopg.Connection) -> None:
    conn.execute("create extension pgjwt with schema extensions")
    token = one(conn, "select sign('{\"sub\":\"7\"}', 'key')")
    assert token == (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI3In0."
        + one(
            conn,
            "select url_encode(%s)",
            hmac.digest(b"key", token.rpartition(".")[0].encode(), "sha256"),
        )
    )
    assert one(conn, "select valid from verify(%s, 'key')", token) is True
    assert one(conn, "select valid from verify(%s, 'other key')", token) is False


def test_requests_and_jobs_are_recorded_and_never_run(conn: psycopg.Connection) -> None:
    conn.execute("create extension pg_net; create extension pg_cron")
    request = one(conn, "select net.http_post('https://example.org/hook', '{\"a\": 1}')")
    queued = conn.execute("select id, method, url from net.http_request_queue").fetchall()
    assert queued == [(request, "POST", "https://example.org/hook")]
    conn.execute("select cron.schedule('nightly', '0 3 * * *', 'vacuum')")
    assert one(conn, "select schedule from cron.job where jobname = 'nightly'") == "0 3 * * *"
    with pytest.raises(errors.InvalidParameterValue):
        conn.execute("select cron.schedule('never', '61 3 * * *', 'vacuum')")
    conn.execute("select cron.unschedule('nightly')")
    assert one(conn, "select count(*) from cron.job") == 0


@pytest.mark.parametrize(
    ("schema", "instance", "valid"),
    [
        ({"type": "object", "required": ["a"]}, {"a": 1}, True),
        ({"type": "object", "required": ["a"]}, {"b": 1}, False),
        ({"properties": {"a": {"type": "integer", "minimum": 2}}}, {"a": 1}, False),
        ({"properties": {"a": {"enum": ["x", None]}}}, {"a": None}, True),
        ({"properties": {}, "additionalProperties": False}, {"a": 1}, False),
        ({"items": {"type": ["string", "null"]}}, ["a", None], True),
        ({"items": {"type": "string"}, "maxItems": 1}, ["a", "b"], False),
        ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, 1, False),
        ({"not": {"const": "no"}}, "no", False),
    ],
)
def test_json_schema_is_checked(
    conn: psycopg.Connection, schema: dict, instance: object, valid: bool
) -> None:
    conn.execute("create extension pg_jsonschema with schema extensions")
    found = one(
        conn, "select jsonb_matches_schema(%s, %s)", json.dumps(schema), json.dumps(instance)
    )
    assert found is valid


def test_json_schema_with_an_unknown_keyword_is_refused(conn: psycopg.Connection) -> None:
    conn.execute("create extension pg_jsonschema with schema extensions")
    with pytest.raises(errors.FeatureNotSupported):
        conn.execute("""select jsonb_matches_schema('{"pattern": "^a"}', '"a"')""")
