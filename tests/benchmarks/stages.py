"""What one migration's five stages cost as the catalog grows: 100, 1,000 and 10,000 tables.

    python tests/benchmarks/stages.py                      all three, as a table
    python tests/benchmarks/stages.py --tables 100 1000

Three migrations of one kind (a table with a key into the catalog, an index, RLS, two policies, a
trigger and a scenario). The first one of a kernel pays for what grows with the catalog: the copy
of the schema that everything is tried on, and the first reading of the catalog. What is promised
is that the others grow with what they touch.

Not a test: a timing belongs to a machine and a date.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.catalogs import SIZES, fill
from runbook.postgres import production_state
from runbook.target import open_target
from sandbox import Project

STAGES = ("precheck", "apply", "verify", "test", "acknowledge", "checkpoint")
NAMES = ("first", "second", "third")
MIGRATION = """
create table public.{name} (
    id uuid primary key default gen_random_uuid(),
    owner_id uuid not null,
    up_id uuid not null references public.t_1 (id) on delete cascade,
    title text not null check (title <> ''),
    changed_at timestamptz not null default now()
);
create index {name}_up_id_idx on public.{name} (up_id);
create index {name}_owner_id_idx on public.{name} (owner_id);
alter table public.{name} enable row level security;
create policy "own rows" on public.{name} for select to authenticated
    using (owner_id = (select auth.uid()));
create policy "new rows" on public.{name} for insert to authenticated
    with check (owner_id = (select auth.uid()));
create function public.{name}_changed() returns trigger language plpgsql set search_path = ''
    as $$ begin new.changed_at = now(); return new; end $$;
create trigger changed before update on public.{name}
    for each row execute function public.{name}_changed();
"""
ROLLBACK = "drop table public.{name}; drop function public.{name}_changed();"
SCENARIO = """
-- name: rows to look at
-- as: owner
-- expect: 1 affected
insert into public.t_1 (id, owner_id) values
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000000a');

-- name: a signed-in person writes a row of their own
-- as: authenticated 00000000-0000-4000-8000-00000000000a
-- expect: 1 affected
insert into public.{name} (owner_id, up_id, title) values
    ('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000001', 'one');

-- name: an anonymous visitor sees none
-- as: anon
-- expect: 0 rows
select id from public.{name};
"""


def stages(project: Project) -> list[dict[str, float]]:
    """Seconds of each stage, for each of the three migrations in one phase."""
    phase, seen = project.open("one"), []
    for name in NAMES:
        seconds = {}
        for stage in STAGES:
            began = time.perf_counter()
            getattr(phase[name], stage)()
            seconds[stage] = time.perf_counter() - began
        seen.append(seconds)
    return seen


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--tables", type=int, nargs="*", default=list(SIZES))
    given = options.parse_args()
    head = "| tables | the first, s | each of the others, s | of these apply | ratio |"
    print(head, "|--:|--:|--:|--:|--:|", sep="\n", flush=True)
    before = 0.0
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        os.environ["RUNBOOK_HOME"] = str(Path(folder) / "home")
        for tables in given.tables:
            root = Path(folder) / f"project_{tables}"
            root.mkdir()
            server = production_state.server(root)
            project = Project(root, server, f"stages_{tables}")
            for name in NAMES:
                project.add(
                    name, MIGRATION.format(name=name), rollback=ROLLBACK.format(name=name),
                    scenario=SCENARIO.format(name=name), tables=(f"public.{name}",),
                )  # fmt: skip
            with open_target(project.name, root).connect() as conn:
                fill(conn, tables)
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                first, *others = stages(project)
            each = statistics.mean(sum(seconds.values()) for seconds in others)
            applied = statistics.mean(seconds["apply"] for seconds in others)
            ratio = f"{each / before:.1f}" if before else ""
            first_s = sum(first.values())
            print(
                f"| {tables:,} | {first_s:.1f} | {each:.2f} | {applied:.2f} | {ratio} |", flush=True
            )
            before = each
            production_state.release(root)


if __name__ == "__main__":
    main()
