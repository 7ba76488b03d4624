"""The checks see all that Supabase's own advisor sees, on one and the same database.

The advisor is the Supabase CLI's, run as anybody would run it: it knows nothing of our checks.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest
from relay import by_tcp
from runbook import embedded, system
from runbook.findings import FAIL, WARN

HERE = Path(__file__).parent
# The advisor's name for a flaw, and the checks that ask the same.
SAME = {
    "unindexed_foreign_keys": "401",
    "auth_users_exposed": "307",
    "auth_rls_initplan": "212",
    "no_primary_key": "108",
    "unused_index": "404",
    "multiple_permissive_policies": "204",
    "policy_exists_rls_disabled": "202",
    "rls_enabled_no_policy": "203",
    "duplicate_index": "402",
    "security_definer_view": "301",
    "function_search_path_mutable": "302 303",
    "rls_disabled_in_public": "201",
    "extension_in_public": "306",
    "rls_references_user_metadata": "211",
    "materialized_view_in_api": "308",
    "foreign_table_in_api": "309",
    "unsupported_reg_types": "310",
    "insecure_queue_exposed_in_api": "311",
    "table_bloat": "405",
    "fkey_to_auth_unique": "109",
    "extension_versions_outdated": "312",
    "sensitive_columns_exposed": "313",
    "rls_policy_always_true": "214 215",
    "public_bucket_allows_listing": "314",
    "anon_security_definer_function_executable": "304",
    "authenticated_security_definer_function_executable": "305",
    "auth_allow_anonymous_sign_ins": "217",
}
# What it says of this database and we do not, with the reason.
ALONE = {
    "unused_index": "an index of a table that nobody has read yet is no news: 404 waits for reads",
}


def _cli() -> str | None:
    """The Supabase CLI, where one is installed: on the PATH, named, or beside the tests."""
    local = HERE / "node_modules" / ".bin" / "supabase"
    return os.environ.get("SUPABASE_CLI") or shutil.which("supabase", path=_path(local))


def _path(local: Path) -> str:
    return os.pathsep.join([str(local.parent), os.environ.get("PATH", "")])


def advised(cli: str, server: embedded.Server, database: str, folder: Path) -> set[tuple[str, str]]:
    """What the advisor finds: (its name for the flaw, schema.object)."""
    (folder / "supabase").mkdir()
    (folder / "supabase" / "config.toml").write_text('project_id = "advised"\n')
    with by_tcp(server.socket_dir / f".s.PGSQL.{server.port}") as port:
        url = f"postgresql://postgres:none@127.0.0.1:{port}/{database}?sslmode=disable"
        done = subprocess.run(
            [cli, "db", "advisors", f"--remote={url}", "--yes", "--level", "info",
             "--output-format", "json", "--workdir", str(folder)],
            capture_output=True, text=True, timeout=120, cwd=folder, check=False,
            env={**os.environ, "HOME": str(folder), "DO_NOT_TRACK": "1"},
        )  # fmt: skip
    try:
        results = json.loads(done.stdout)["results"]
    except (ValueError, KeyError):
        pytest.skip(f"this Supabase CLI has no `db advisors` that works here: {done.stderr[-300:]}")
    return {
        (each["name"], ".".join(filter(None, (each["metadata"].get("schema"),
                                              each["metadata"].get("name")))))
        for each in results
    }  # fmt: skip


def found(conninfo: str) -> dict[str, list[str]]:
    """Our problems: check id → objects."""
    with psycopg.connect(conninfo, autocommit=True) as conn:
        rows = system.validate(conn)
    problems: dict[str, list[str]] = {}
    for row in rows:
        if row.verdict in (FAIL, WARN):
            problems.setdefault(row.check[:3], []).append(f"{row.object} {row.observed}")
    return problems


def test_whatever_supabases_advisor_sees_the_checks_see_too(
    server: embedded.Server, database: str, tmp_path: Path
) -> None:
    cli = _cli()
    if cli is None:
        pytest.skip("the Supabase CLI is not installed (npm install --prefix tests supabase)")
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute((HERE / "flawed.sql").read_text(encoding="utf-8"))
        name = conn.info.dbname
    theirs, ours = advised(cli, server, name, tmp_path), found(database)
    assert len({flaw for flaw, _ in theirs}) >= 15, theirs
    only_theirs = sorted(
        (flaw, thing)
        for flaw, thing in theirs
        if flaw not in ALONE and not _seen(flaw, thing, ours)
    )
    asked = {number for numbers in SAME.values() for number in numbers.split()}
    agreed = {number for flaw, _ in theirs for number in SAME.get(flaw, "").split()}
    only_ours = {number: objects for number, objects in ours.items() if number not in agreed}
    print("only the advisor:", only_theirs)
    print("only these checks:", json.dumps(only_ours, indent=1))
    assert only_theirs == []
    assert set(only_ours) - asked, "questions that the advisor does not ask"


def _seen(flaw: str, thing: str, ours: dict[str, list[str]]) -> bool:
    bare = thing.rpartition(".")[2]
    return any(
        bare in text for number in SAME.get(flaw, "").split() for text in ours.get(number, [])
    )
