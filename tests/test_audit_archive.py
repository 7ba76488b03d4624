"""Copies of records in an S3 that is real enough to talk to: moto's server, on a socket."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_records import closed
from runbook.audit import chain, manifest, storing
from runbook.errors import Refused
from runbook.redact import find_secrets
from sandbox import Project

pytest_plugins = ("engine_fixtures",)


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An S3 server with the bucket `records`; its address in AWS_ENDPOINT_URL."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("AWS_"):
                patch.delenv(name)
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_CONFIG_FILE", str(tmp_path_factory.mktemp("aws") / "config"))
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.delenv(name, raising=False)
        _files().mkdir("records")
        yield f"http://{host}:{port}"
    server.stop()


def _files():
    import s3fs

    return s3fs.S3FileSystem(endpoint_url=os.environ["AWS_ENDPOINT_URL"], skip_instance_cache=True)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A record with a backup below it."""
    return closed(tmp_path / "runs", **{"backup/001.copy": bytes(range(256)) * 5000})


def test_every_file_is_there_and_the_same(s3, made: Path):
    place = storing.Place("s3://records/team")
    assert place.store(made) == 3
    files = _files()
    there = {path: files.cat(path) for path in files.find("records/team")}
    assert there == {
        f"records/team/{made.name}/manifest.json": (made / "manifest.json").read_bytes(),
        f"records/team/{made.name}/record.html": (made / "record.html").read_bytes(),
        f"records/team/{made.name}/backup/001.copy": (made / "backup" / "001.copy").read_bytes(),
        "records/team/chain.jsonl": (made.parent / chain.FILE).read_bytes(),
    }
    assert place.store(made) == 3


def test_what_comes_back_changed_is_no_copy(s3, made: Path, monkeypatch):
    """Another writer, or a broken place: found by reading back, not by an answer of 200."""
    place = storing.Place("s3://records/broken")
    put = place._files.put_file

    def changed(local: str, remote: str, **options) -> None:
        put(local, remote, **options)
        if remote.endswith("record.html"):
            place._files.pipe_file(remote, b"something else")

    monkeypatch.setattr(place._files, "put_file", changed)
    with pytest.raises(storing.NotStored) as caught:
        place.store(made)
    assert "record.html was read back as something else" in caught.value.what
    assert caught.value.exit_code == 3
    assert f"runbook audit upload {made.name}" in caught.value.remedy
    assert manifest.read(made)


@pytest.mark.parametrize(
    "address", ["records", "s3://key:hunter2hunter2@records/x", "nonsense://x", ""]
)
def test_an_address_that_cannot_be_used_is_refused_without_repeating_its_secret(s3, address: str):
    with pytest.raises(Refused) as caught:
        storing.Place(address)
    assert "hunter2" not in str(caught.value)
    assert find_secrets(str(caught.value)) == []


def test_a_bucket_that_is_not_there_is_refused_before_anything_runs(
    s3, project: Project, capsys: pytest.CaptureFixture[str]
):
    project.add("a", "select 1;\n")
    assert project.run("run", "one", "--archive", "s3://nobody-has-this/x") == 2
    assert "cannot be written to" in capsys.readouterr().err
    assert project.events() == []


def test_a_run_is_archived_and_one_whose_archive_fails_says_so_and_keeps_its_record(
    s3, project: Project, capsys: pytest.CaptureFixture[str], monkeypatch
):
    from made_notebooks import on_disk

    project.add("a", "select 1;\n")
    cells = ("target = 'embedded'", "print('done')")
    path = on_disk(project.root / "notebooks", *cells[1:], name="01_one.ipynb", parameters=cells[0])
    assert path.exists()
    monkeypatch.setenv("RUNBOOK_ARCHIVE", "s3://records/whole")
    assert project.run("run", "one") == 0
    assert "files in s3://records/whole, read back and the same" in capsys.readouterr().out
    (record,) = (project.root / "runs").glob("2*")
    assert _files().exists(f"records/whole/{record.name}/manifest.json")

    def broken(*_, **__):
        raise PermissionError("Access Denied")

    monkeypatch.setattr(storing.Place, "_same", broken)
    assert project.run("run", "one") == 3
    said = capsys.readouterr()
    assert "passed in" in said.out
    assert "is not complete: Access Denied" in said.err
    assert "The record itself is whole" in said.err
    monkeypatch.undo()
    monkeypatch.setenv("RUNBOOK_HOME", str(project.server.home))
    names = [json.loads(line.raw)["record"] for line in chain.records(chain.read(record.parent))]
    assert len(names) == 2
    os.environ["AWS_ENDPOINT_URL"] = s3
    assert project.run("audit", "upload", "--archive", "s3://records/whole", target=False) == 0
    assert _files().exists(f"records/whole/{names[1]}/manifest.json")
