"""The commands of `runbook audit`, and signatures that others can check."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from made_notebooks import on_disk
from made_records import closed
from runbook import record
from runbook.audit import manifest, signing
from runbook.errors import Refused
from sandbox import Project

pytest_plugins = ("engine_fixtures",)


@pytest.fixture
def signed(project: Project, capsys) -> Project:
    """A project with three records, the last two of them signed."""
    place = project.root / "key"
    assert project.run("audit", "key", str(place), target=False) == 0
    for number in range(3):
        closed(project.root / "runs", number, key=signing.key_of(str(place)) if number else None)
    capsys.readouterr()
    return project


def records(project: Project) -> list[record.Record]:
    return record.records(project.root / "runs")


def test_signed_records_are_verified_offline_listed_compared_indexed_and_pruned(
    signed: Project, capsys: pytest.CaptureFixture[str]
):
    first, second, last = records(signed)
    public = str(signed.root / "key.pub")
    assert signed.run("audit", "verify", "--key", public, target=False) == 0
    assert "3 records verified: nothing was changed." in capsys.readouterr().out
    assert signed.run("audit", "diff", first.name, last.document["id"], "--json", target=False) == 0
    rows = json.loads(capsys.readouterr().out)["differences"]
    assert {row["kind"] for row in rows} <= {"run", "time"}
    assert signed.run("audit", "index", target=False) == 0
    assert last.name in (signed.root / "runs" / "index.html").read_text()
    assert signed.run("audit", "prune", "--keep", "1", target=False) == 0
    assert "Nothing was removed" in capsys.readouterr().out
    assert (first.path / "record.html").exists()
    prune = ("audit", "prune", "--keep", "1", "--mode", "apply", "--operator", "Grace")
    assert signed.run(*prune, target=False) == 0
    assert not (first.path / "record.html").exists()
    assert (last.path / "record.html").exists()
    assert signed.run("audit", "verify", "--key", public, target=False) == 0
    capsys.readouterr()
    assert signed.run("audit", "list", "--json", target=False) == 0
    assert [row["pruned"] for row in json.loads(capsys.readouterr().out)] == [True, True, False]
    assert signed.run("audit", "index", target=False) == 0
    assert f'href="{first.name}/manifest.json"' in (signed.root / "runs" / "index.html").read_text()
    assert signed.run("audit", "show", second.name, target=False) == 0
    assert "tombstone.json" in capsys.readouterr().out
    assert signed.run(*prune, target=False) == 0  # once more has nothing left to do


def test_a_run_signs_with_the_key_that_is_named(project: Project, capsys):
    project.add("a", "select 1;\n")
    parameters = "target = 'embedded'\nmode = 'check'"
    on_disk(project.root / "notebooks", "print('done')", name="01_one.ipynb", parameters=parameters)
    key = str(project.root / "key")
    assert project.run("audit", "key", key, target=False) == 0
    assert project.run("run", "one", "--mode", "check", "--sign", key) == 0
    assert project.run("audit", "verify", "--key", f"{key}.pub", target=False) == 0
    text = "".join(p.read_text() for p in records(project)[0].path.iterdir())
    assert Path(key).read_text().splitlines()[1] not in text


def test_the_envelope_is_dsse_and_any_ed25519_can_check_it(signed: Project):
    path = records(signed)[-1].path
    envelope = json.loads((path / manifest.ENVELOPE).read_text())
    payload = base64.b64decode(envelope["payload"])
    assert payload == (path / manifest.FILE).read_bytes()
    kind = envelope["payloadType"].encode()
    assert kind == b"application/vnd.in-toto+json"
    whole = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    public = serialization.load_ssh_public_key((signed.root / "key.pub").read_bytes())
    (signature,) = envelope["signatures"]
    public.verify(base64.b64decode(signature["sig"]), whole)
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(signature["sig"]), whole + b" ")
    assert signature["keyid"] == signing.key_id(public)


def test_ssh_keygen_checks_the_other_signature(signed: Project):
    if not shutil.which("ssh-keygen"):
        pytest.skip("ssh-keygen is not installed, and only it can say that it accepts this")
    path = records(signed)[-1].path
    signers = signed.root / "signers"
    signers.write_text(f"ada {(signed.root / 'key.pub').read_text()}")
    command = ["ssh-keygen", "-Y", "verify", "-f", signers, "-I", "ada", "-n", "runbook-record",
               "-s", path / manifest.SSH_SIGNATURE]  # fmt: skip
    content = (path / manifest.FILE).read_bytes()
    good = subprocess.run(command, input=content, capture_output=True)
    assert good.returncode == 0, good.stderr
    assert b'Good "runbook-record" signature for ada' in good.stdout
    listed = subprocess.run(["ssh-keygen", "-lf", signed.root / "key.pub"], capture_output=True)
    key = serialization.load_ssh_public_key((signed.root / "key.pub").read_bytes())
    assert signing.key_id(key).encode() in listed.stdout
    assert subprocess.run(command, input=content + b" ", capture_output=True).returncode != 0


def test_a_manifest_changed_and_signed_with_another_key_is_found(
    signed: Project, capsys: pytest.CaptureFixture[str]
):
    assert signed.run("audit", "key", str(signed.root / "other"), target=False) == 0
    other = str(signed.root / "other.pub")
    capsys.readouterr()
    assert signed.run("audit", "verify", "--key", other, target=False) == 3
    assert "not signed with this key" in capsys.readouterr().out


def test_the_key_is_a_file_for_its_owner_and_nothing_of_it_is_ever_shown(
    tmp_path: Path, monkeypatch, capsys
):
    from runbook.cli import main

    place = tmp_path / "key"
    signing.make(place)
    with pytest.raises(Refused, match="cannot be written"):
        signing.make(place)
    assert oct(place.stat().st_mode)[-3:] == "600"
    secret = place.read_text()
    monkeypatch.setenv(signing.VARIABLE, str(place))
    assert "PRIVATE" not in repr(signing.key_of())
    assert signing.key_of("") is not None
    with pytest.raises(Refused, match="private key"):
        signing.public_key(place)
    place.chmod(0o640)
    with pytest.raises(Refused, match="others than its owner"):
        signing.key_of()
    # The key itself in the variable is a mistake that must not be repeated:
    monkeypatch.setenv(signing.VARIABLE, secret)
    with pytest.raises(Refused) as caught:
        signing.key_of()
    assert secret.splitlines()[1] not in str(caught.value)
    monkeypatch.delenv(signing.VARIABLE)
    assert signing.key_of() is None
    assert main(["audit", "key", str(tmp_path / "no" / "key"), "--project", str(tmp_path)]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["text", "other", "locked", "absent"])
def test_a_key_that_cannot_sign_is_refused_before_anything_runs(
    kind: str, tmp_path: Path, project: Project, capsys
):
    place = tmp_path / "key"
    private = serialization.PrivateFormat.PKCS8
    if kind == "text":
        place.write_text("hunter2hunter2")
    elif kind == "other":
        key = ec.generate_private_key(ec.SECP256R1())
        plain = serialization.NoEncryption()
        place.write_bytes(key.private_bytes(serialization.Encoding.PEM, private, plain))
    elif kind == "locked":
        signing.make(tmp_path / "open")
        key = signing.key_of(str(tmp_path / "open")).private
        locked = serialization.BestAvailableEncryption(b"pass")
        place.write_bytes(key.private_bytes(serialization.Encoding.PEM, private, locked))
    if place.exists():
        place.chmod(0o600)
    project.add("a", "select 1;\n")
    on_disk(project.root / "notebooks", "1", name="01_one.ipynb", parameters="target = ''")
    assert project.run("run", "one", "--sign", str(place)) == 2
    said = capsys.readouterr().err
    assert "The signing key that --sign names cannot be used" in said
    assert "hunter2" not in said
    assert not (project.root / "runs").exists()


def test_a_pem_key_signs_as_well(tmp_path: Path):
    signing.make(tmp_path / "key")
    key = signing.key_of(str(tmp_path / "key"))
    plain = serialization.NoEncryption()
    pem = key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain
    )
    (tmp_path / "pem").write_bytes(pem)
    (tmp_path / "pem").chmod(0o600)
    made = signing.signatures(b"content", signing.key_of(str(tmp_path / "pem")))
    public = signing.public_key(tmp_path / "key.pub")
    assert signing.problem(b"content", made[manifest.ENVELOPE], public) == ""
    assert "not over this manifest" in signing.problem(b"other", made[manifest.ENVELOPE], public)
    assert signing.problem(b"content", None, public) == "not signed"
    assert "cannot be read" in signing.problem(b"content", b"[]", public)


def test_project_may_stand_before_or_after_the_word(signed: Project, capsys):
    from runbook.cli import main

    for words in (["audit", "--project", str(signed.root), "list"],
                  ["audit", "list", "--project", str(signed.root)]):  # fmt: skip
        assert main(words) == 0
        assert len(capsys.readouterr().out.splitlines()) == 3
