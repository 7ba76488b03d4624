"""A secret planted in every path that it could take is in no file of the record."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from made_notebooks import notebook, on_disk
from runbook import ledger, record, redact
from runbook.audit import known, people, scan
from runbook.audit.scan import SecretFound
from runbook.records import archive
from sandbox import Project

pytest_plugins = ("engine_fixtures",)

SECRET = "Vq8-zR3#tW6xK1"  # looks like nothing that the redactor knows
DSNS = {
    "uri": "postgresql://app:{}@db.example.com:5432/app",
    "blank": "postgres://app:{} @db/app",
    "no_host": "postgres://app:{}@",
    "no_slashes": "postgres:app:{}@db/app",
    "bad_port": "postgres://app:{}@db:port/app",
    "bad_percent": "postgres://app:%zz{}@db/app",
    "keywords": "host=db user=app password={} dbname=app",
    "quoted": "host=db user=app password='{}' dbname=app",
    "unclosed": "host=db password='{}",
    "spaced": "host = db  password = {}",
    "upper": "HOST=db PASSWORD={}",
}


@pytest.fixture(autouse=True)
def forgotten():
    """What a test's environment taught the redactor is forgotten after it."""
    yield
    redact._learned.clear()
    people._operators.clear()
    redact._ours = None


@pytest.mark.parametrize("name", DSNS)
def test_every_malformed_dsn_in_the_environment_is_known_by_its_password(name: str):
    found = set(known.of_environment({"STAGING": DSNS[name].format(SECRET)}))
    # A URI that breaks at its # or percent signs may tell less; what it tells is a part of it.
    redact.learn(found)
    said = redact.redact(f"the server said: {SECRET}, and {DSNS[name].format(SECRET)}")
    if found:
        assert SECRET not in said
    assert SECRET not in redact.redact(DSNS[name].format(SECRET)) or name == "no_slashes"


@pytest.mark.parametrize(
    ("name", "value", "counts"),
    [
        ("PGPASSWORD", SECRET, True),
        ("SERVICE_ROLE_KEY", "abcdef123456", True),
        ("MY_TOKEN", "0123456789abcdef", True),
        ("PGPASSWORD", "postgres", False),  # it stands in every other line
        ("PGPASSWORD", "short1", False),
        ("SSH_KEY", "/home/ada/.ssh/id_ed25519", False),
        ("PWD", "/srv/hunter2hunter2", False),
        ("LANG", "en_US.UTF-8", False),
        ("RUNBOOK_SIGNING_KEY", "keys/mine12345", False),
    ],
)
def test_what_counts_as_a_secret_of_the_environment(name: str, value: str, counts: bool):
    assert list(known.of_environment({name: value})) == ([value] if counts else [])


def test_a_learned_value_is_masked_in_every_spelling():
    redact.learn(['a"b/c+Zed 9'])
    for text in ('x a"b/c+Zed 9 y', "a%22b%2Fc%2BZed%209", 'a\\"b/c+Zed 9', "a&quot;b/c+Zed 9"):
        assert "Zed" not in redact.redact(text), text
        assert redact.find_secrets(text) == ["a secret of this environment"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Key (email)=(ada.l+x@corp.io) exists", "Key (email)=(***@corp.io) exists"),
        ("mailto:ada@mail.corp.co.uk,", "mailto:***@mail.corp.co.uk,"),
        ("'eve@corp.io'", "'***@corp.io'"),
        ("ada@scenario.example b@example.com", "ada@scenario.example b@example.com"),
        ("postgresql://app@db.corp.io:5432/app", "postgresql://app@db.corp.io:5432/app"),
        ("postgres://app:***@db.corp.io/app", "postgres://app:***@db.corp.io/app"),
        ("signed grace@corp.io", "signed grace@corp.io"),
        ("pip@1.2.3 and a@b", "pip@1.2.3 and a@b"),
    ],
)
def test_addresses_of_people_are_masked_and_those_of_nobody_and_of_operators_are_not(text, shown):
    people.know(["Grace@corp.io", "ada"])
    assert people.hidden({"a": [text]}) == {"a": [shown]}


PERSON = "real.person@customers.io"
SQL = f"""
do $$ begin raise notice 'welcome {PERSON}'; end $$;
create function public.f() returns text language sql as $$ select 'pw {SECRET}'::text $$;
create view public.v as select 'dsn password={SECRET}'::text as what;
do $$ begin raise notice 'connecting with {SECRET}'; end $$;
do $$ begin raise warning 'postgres://app:{SECRET}@db/app'; end $$;
"""


def test_no_secret_of_a_migration_or_the_environment_is_in_any_file_of_a_record(
    project: Project, monkeypatch
):
    """NOTICE, function body, column default, error text, outputs, environment: then grep."""
    table = f"create table public.t (a text default 'password={SECRET}');\n"
    table += "alter table public.t enable row level security;\n"
    good = project.add("good", table + SQL, tables=("public.t",))
    bad = project.add("bad", f"do $$ begin raise exception 'no: {SECRET} {PERSON}'; end $$;\n")
    conninfo = project.server.conninfo(project.database)
    monkeypatch.setenv("HERE", f"{conninfo} password={SECRET}")
    monkeypatch.setenv("SOME_TOKEN", SECRET[::-1])
    path = on_disk(
        project.root / "notebooks",
        "import os\nfrom runbook import open_phase\nphase = open_phase('one', target=target)",
        f"a = phase['{good}']\na.precheck()",
        "a.apply()", "a.verify()", "a.test()", "a.checkpoint()",
        "print(dict(os.environ))\nos.write(2, os.environ['HERE'].encode())\nos.environ['HERE']",
        "from IPython.display import HTML\nHTML('<p>' + os.environ['SOME_TOKEN'] + '</p>')",
        "import sys\nrow = ('real.person' + '@customers.io', 1)\nprint(row, file=sys.stderr)\nrow",
        f"b = phase['{bad}']\nb.precheck()", "b.apply()",
        parameters=f"target = '{project.name}'", name="01_one.ipynb",
    )  # fmt: skip
    done = record.run(
        path, phase="01_one", target=project.name, parameters={}, runs=project.root / "runs",
        project=project.root, witnesses=record.Witnesses(project.target),
    )  # fmt: skip
    assert done.error["kind"] in ("CheckFailed", "StatementFailed"), done.error
    stages = {row["stage"] for row in done.document["verdicts"]}
    assert {"apply", "verify", "checkpoint"} <= stages
    for file in (file for file in done.path.rglob("*") if file.is_file()):
        text = file.read_text()
        for secret in (SECRET, SECRET[::-1], json.dumps(SECRET)[1:-1], PERSON):
            assert secret not in text, (
                f"{file.name}: …{text[max(0, text.find(secret) - 80) :][:90]}"
            )
        assert "***" in text or file.name == "manifest.json"
    told = project.value("select string_agg(e::text, '') from runbook.events e")
    assert SECRET not in told
    assert PERSON not in told
    assert "***@customers.io" in told


LEAKS = {
    "a file": ("open(place + '/dump.txt', 'w').write('x\\n' + k + w)", "dump.txt, line 2"),
    "known by value": ("open(place + '/dump.txt', 'w').write('so ' + v)", "dump.txt, line 1"),
    "json": (
        "import json\njson.dump({'a': [{'b': k + w}]}, open(place + '/x.json', 'w'))",
        "x.json, a[0].b",
    ),
    "journal": (
        "open(place + '/journal.jsonl', 'a').write('{\"a\": \"' + k + w + '\"}\\n')",
        "journal.jsonl, line 1.a",
    ),
    "below": (
        "os.mkdir(place + '/sub')\nopen(place + '/sub/x', 'w').write(v)",
        "sub/x, line 1",
    ),
}


@pytest.mark.parametrize("name", LEAKS)
def test_what_slipped_through_is_not_archived_and_said_where(
    name: str, tmp_path: Path, monkeypatch
):
    monkeypatch.setenv("OTHER_SECRET", SECRET)
    code, where = LEAKS[name]
    cell = (
        "import os\nk = 'pass' + 'word='\n"
        "place, v = os.environ['RUNBOOK_RECORD'], os.environ['OTHER_SECRET']\n"
    )
    path = on_disk(tmp_path, cell + "w = 'hunter' + '2hunter2'\n" + code, parameters="x = 1")
    runs = tmp_path / "runs"
    given = {"phase": "p", "target": "t", "parameters": {}, "runs": runs, "project": tmp_path}
    with pytest.raises(SecretFound) as caught:
        record.run(path, **given)
    assert where in caught.value.what
    assert caught.value.exit_code == 3
    assert "hunter2hunter2" not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert record.records(runs) == []
    (draft,) = runs.glob(f"{archive.DRAFT}*/")
    assert oct(draft.stat().st_mode)[-3:] == "700"
    # It stays so until somebody masks it; then the next run archives it.
    assert record.recover(runs) == []
    for file in (file for file in draft.rglob("*") if file.is_file()):
        text = file.read_text().replace("hunter2hunter2", "***").replace(SECRET, "***")
        file.write_text(text)
    (kept,) = record.recover(runs)
    assert kept.outcome == "passed"


def test_rows_of_a_backup_are_left_as_they_are(tmp_path: Path):
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "001.copy").write_text("1\tpassword=hunter2hunter2\n")
    scan.require_clean(tmp_path)
    (tmp_path / "001.copy").write_text("1\tpassword=hunter2hunter2\n")
    with pytest.raises(SecretFound, match=r"001\.copy, line 1: password"):
        scan.require_clean(tmp_path)


def test_a_clean_notebook_with_words_about_passwords_is_clean(tmp_path: Path):
    nb = notebook("# password = ***", "print('PGPASSWORD')\nprint('set password')")
    (tmp_path / "executed.ipynb").write_text(json.dumps(nb, indent=1))
    assert list(scan.places(tmp_path / "executed.ipynb")) == []


def test_the_ledger_and_the_journal_mask_what_the_environment_holds(project: Project, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", SECRET)
    redact.learn(known.of_environment(os.environ))
    with project.connect() as conn:
        ledger.record(
            conn, ledger.Author("0", "ada"), stage="note", state="done", text=f"x{SECRET}"
        )
    assert project.events()[0].detail == {"text": "x***"}
