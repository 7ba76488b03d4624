"""Promises of the access matrix about tables, keys, triggers and grants of every kind."""

from __future__ import annotations

import pytest
from measuring import ADA, CLOSED, USERS, cells, declared, measure, rows_of, step
from runbook.findings import FAIL, PASS

OPEN = declared("public.t", "anon all all all all", "service_role all all all all")


ORDINARY = "id int default 1, word text"


KINDS = {
    "a primary key": f"create table public.t ({ORDINARY}, primary key (word))",
    "no primary key": f"create table public.t ({ORDINARY})",
    "identity": """create table public.t
      (id int generated always as identity primary key, word text)""",
    "generated": """create table public.t
      (word text, n int generated always as (length(word)) stored)""",
    "generated key": """create table public.t
      (word text, k text generated always as (word || '!') stored primary key)""",
    "partitions": f"""create table public.t ({ORDINARY}, primary key (id, word))
      partition by list (word);
      create table public.t_a partition of public.t for values in ('a');
      create table public.t_b partition of public.t default""",
    "partitions without key": f"""create table public.t ({ORDINARY}) partition by hash (word);
      create table public.t_a partition of public.t for values with (modulus 1, remainder 0)""",
    "many types": """create table public.t
      (word citext primary key, j json default '{}', v vector(2) default '[1,2]',
       c char(3) default 'x', r int4range default '[1,4)', a text[] default '{x,"y z"}',
       b bytea default '\\x00ff', d date default 'infinity', h bool default true,
       i interval default '1 day 2 hours')""",
    "odd names": """create table public.t
      ("id %s {0}" int default 1, "wo""rd" text default '%s{}', word text, primary key (word))""",
    "own references": """create table public.t
      (word text primary key references public.t deferrable)""",
    "dropped column": """create table public.t (gone int, id int default 1, word text primary key);
      alter table public.t drop gone""",
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_can_be_measured(conn, kind):
    conn.execute("set search_path = public, extensions")
    conn.execute("create extension if not exists citext; create extension if not exists vector")
    conn.execute(KINDS[kind])
    filled = step("insert into public.t (word) values ('a'), ('b'), ('c')", "3 affected")
    found = rows_of(measure(conn, filled, OPEN))
    assert [row.verdict for row in found.values()] == [PASS, PASS], found
    conn.execute("alter table public.t enable row level security")
    closed = OPEN.replace("anon all all all all", f"anon {CLOSED}")
    found = rows_of(measure(conn, filled, closed))
    assert [row.verdict for row in found.values()] == [PASS, PASS], found


def test_a_foreign_key_that_stops_a_delete_does_not_hide_that_the_policy_let_it_pass(conn):
    conn.execute("create table t (id int primary key); create table child (t_id int references t)")
    filled = step("insert into t values (1), (2)") + step("insert into child values (1)")
    assert cells(measure(conn, filled, tables=["public.t"]), "anon")["delete"] == 2


def test_a_trigger_that_refuses_counts_as_none_and_its_words_are_kept(conn):
    conn.execute("""
      create table t (id int primary key);
      create function no() returns trigger language plpgsql as $$
        begin
          if current_user = 'anon' then raise exception 'append-only, sorry'; end if;
          return case when tg_op = 'DELETE' then old else new end;
        end $$;
      create trigger no before insert or update or delete on t for each row execute function no();
    """)
    filled = step("insert into t values (1), (2)")
    table = declared("public.t", "anon all none none all", "service_role all all all all")
    found = rows_of(measure(conn, filled, table))
    row = found["public.t · anon · delete"]
    assert row.verdict == FAIL
    assert "can delete 0 of 2 rows" in row.observed
    assert "(refused by trigger: append-only, sorry)" in row.observed
    assert set(found) == {"public.t · anon · delete", "public.t · service_role"}


def test_rows_that_a_trigger_inserts_are_measured_too(conn):
    conn.execute("""
      create table t (id int primary key); create table made (id int primary key);
      create function make() returns trigger language plpgsql security definer
        set search_path = '' as $$
        begin insert into public.made values (new.id); return new; end $$;
      create trigger make after insert on t for each row execute function make();
    """)
    measured = measure(
        conn, step("insert into t values (1), (2)", who="anon"), tables=["public.made"]
    )
    assert cells(measured, "anon")["select"] == 2


def test_column_grants_are_tried_with_the_granted_columns(conn):
    conn.execute("""
      create table t (id int primary key, word text, secret text);
      revoke all on t from anon, authenticated;
      grant select (word), insert (word), update (word) on t to anon;
      grant insert (id, word), update (secret) on t to authenticated;
    """)
    filled = USERS + step("insert into t values (1, 'a', 'x'), (2, 'b', null)")
    found = rows_of(
        measure(
            conn,
            filled,
            declared(
                "public.t",
                "anon                 all all all none",
                f"authenticated {ADA} none all all none",
                "service_role         all all all all",
            ),
        )
    )
    assert {row.verdict for row in found.values()} == {PASS}, found


def test_a_write_that_needs_no_right_to_read_is_found(conn):
    conn.execute("""
      create table t (id int primary key, word text);
      alter table t enable row level security;
      create policy "service role can write" on t for update using (id < 3) with check (true);
      create policy "service role can delete" on t for delete using (id = 1);
    """)
    table = declared("public.t", f"anon {CLOSED}", "service_role all all all all")
    filled = step("insert into t values (1, 'a'), (2, 'b'), (3, 'c')")
    found = rows_of(measure(conn, filled, table))
    update, delete = found["public.t · anon · update"], found["public.t · anon · delete"]
    assert "anonymous visitors can change 2 of 3 rows of public.t" in update.observed
    assert "without WHERE" in update.observed
    assert "can delete 1 of 3 rows" in delete.observed
    assert "public.t · anon · select" not in found


@pytest.mark.parametrize("seen", ["id < 3", "false"])
def test_a_unique_index_does_not_blur_how_many_rows_a_write_reaches(conn, seen):
    conn.execute(f"""
      create table t (id int primary key, word text);
      create unique index on t (word);
      alter table t enable row level security;
      create policy sees on t for select using ({seen});
      create policy changes on t for update using (id < 3);
      revoke update on t from anon;
      grant update (word) on t to anon;
    """)
    filled = step("insert into t values (1, 'a'), (2, 'b'), (3, 'c')")
    allowed = cells(measure(conn, filled, tables=["public.t"]), "anon")["update"]
    assert allowed == (2 if seen == "id < 3" else 1)
