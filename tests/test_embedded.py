"""The embedded server: its Supabase shape, and that it comes and goes as promised."""

from __future__ import annotations

import psycopg
import pytest


def test_postgres_is_no_superuser_yet_creates_vector(conn: psycopg.Connection) -> None:
    assert conn.execute("show is_superuser").fetchone() == ("off",)
    conn.execute("create extension vector with schema extensions")
    distance = conn.execute("select '[1,0]'::vector <=> '[0,1]'::vector").fetchone()
    assert distance == (1.0,)


def test_default_privileges_open_new_tables_to_anon(conn: psycopg.Connection) -> None:
    conn.execute("create table public.notes (body text); insert into notes values ('seen')")
    with conn.transaction():
        conn.execute("set local role anon")
        assert conn.execute("select body from public.notes").fetchall() == [("seen",)]
    conn.execute("alter table public.notes enable row level security")
    with conn.transaction():
        conn.execute("set local role anon")
        assert conn.execute("select body from public.notes").fetchall() == []


@pytest.mark.parametrize("setting", ["request.jwt.claims", "request.jwt.claim.sub"])
def test_auth_uid_reads_the_claims(conn: psycopg.Connection, setting: str) -> None:
    user = "5f0c9e0a-7a35-4c43-9a3c-0a8f0a6f1d11"
    value = f'{{"sub": "{user}"}}' if setting.endswith("claims") else user
    assert conn.execute("select auth.uid()").fetchone() == (None,)
    with conn.transaction():
        conn.execute("select set_config(%s, %s, true)", [setting, value])
        assert str(conn.execute("select auth.uid()").fetchone()[0]) == user
    assert conn.execute("select auth.uid()").fetchone() == (None,)
