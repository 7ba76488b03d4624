"""How long the system-wide checks take as the catalog grows: 100, 1,000 and 10,000 tables.

    python tests/benchmarks/catalogs.py                          all three, as a table
    python tests/benchmarks/catalogs.py --tables 1000 --each     and each check by itself

The catalogs are generated: every table has six columns, a key to an earlier table, three indexes,
row-level security and three policies; every tenth a function, a view, a trigger and a policy that
looks into another table. What is shown is CPU time of the server's backend beside wall time, and
the ratio to the catalog before: ten times the tables should cost about ten times as much.

Not a test: a timing belongs to a machine and a date.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
from runbook import embedded, system
from runbook.checking import checkfile

SIZES = (100, 1_000, 10_000)
AT_ONCE = 100  # tables made in one transaction: their locks have to fit
TABLE = """
create table public.t_{n} (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null,
  up_id uuid references public.t_{up},
  status text not null default 'draft' check (status in ('draft', 'done')),
  body jsonb not null default '{{}}',
  created_at timestamptz not null default now()
);
create index on public.t_{n} (owner_id);
create index on public.t_{n} (up_id);
alter table public.t_{n} enable row level security;
create policy "own rows" on public.t_{n} for select to authenticated
  using (owner_id = (select auth.uid()));
create policy "new rows" on public.t_{n} for insert to authenticated
  with check (owner_id = (select auth.uid()) and status = 'draft');
create policy "rows to change" on public.t_{n} for update to authenticated
  using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
"""
TENTH = """
create function public.f_{n}() returns trigger language plpgsql set search_path = '' as
  $$ begin new.created_at = now(); return new; end $$;
create trigger stamp before update on public.t_{n} for each row execute function public.f_{n}();
create function public.g_{n}(wanted uuid) returns bigint language sql security definer
  set search_path = '' as 'select count(*) from public.t_{n} where owner_id = wanted';
create view public.v_{n} with (security_invoker = true) as
  select t.id, u.status from public.t_{n} t join public.t_{up} u on u.id = t.up_id;
create policy "rows of a parent" on public.t_{n} for delete to authenticated
  using (exists (
    select from public.t_{up} u where u.id = up_id and u.owner_id = (select auth.uid())
  ));
"""


def fill(conn: psycopg.Connection, tables: int) -> None:
    """Make the catalog."""
    for first in range(0, tables, AT_ONCE):
        parts = []
        for n in range(first, min(first + AT_ONCE, tables)):
            parts.append(TABLE.format(n=n, up=n // 2))
            if n % 10 == 0:
                parts.append(TENTH.format(n=n, up=n // 2))
        with conn.transaction():
            conn.execute("".join(parts))
    conn.execute("analyze pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_policy")


def cpu(conn: psycopg.Connection) -> float:
    """Seconds that the backend of this connection, and this process, have worked."""
    return sum(
        sum(psutil.Process(pid).cpu_times()[:2]) for pid in (conn.info.backend_pid, os.getpid())
    )


def measured(conn: psycopg.Connection, **options: object) -> tuple[float, float, int]:
    """Wall seconds, CPU seconds, and how many findings are not a pass, a warning or a skip."""
    began, used = time.perf_counter(), cpu(conn)
    rows = system.validate(conn, **options)  # type: ignore[arg-type]
    stuck = [row for row in rows if "could not" in row.observed or "took longer" in row.observed]
    return time.perf_counter() - began, cpu(conn) - used, len(stuck)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--tables", type=int, nargs="*", default=list(SIZES))
    options.add_argument("--each", action="store_true", help="each check by itself, dearest first")
    options.add_argument("--home", default="", help="a folder to keep the catalogs in")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        Path(temporary).chmod(0o755)
        home = Path(given.home or temporary)
        with embedded.start(home) as server:
            print("| tables | wall s | CPU s | ratio to the row above | checks that gave up |")
            print("|--:|--:|--:|--:|--:|", flush=True)
            before = 0.0
            for tables in given.tables:
                name = f"catalog_{tables}"
                conninfo = embedded.database(
                    server, name, prepare=lambda conn, tables=tables: fill(conn, tables)
                )
                with psycopg.connect(conninfo, autocommit=True) as conn:
                    wall, used, stuck = measured(conn, statement_timeout_ms=60_000)
                    ratio = f"{used / before:.1f}" if before else ""
                    print(
                        f"| {tables:,} | {wall:.2f} | {used:.2f} | {ratio} | {stuck} |", flush=True
                    )
                    before = used
                    if given.each:
                        costs = []
                        for check in checkfile.load():
                            wall, used, _ = measured(conn, only=[check.id])
                            costs.append((used, wall, check.name))
                        for used, wall, label in sorted(costs, reverse=True):
                            print(f"    {used:6.2f} {wall:6.2f}  {label}")
        if not given.home:
            embedded.reset(home)


if __name__ == "__main__":
    main()
