"""What `runbook audit verify` finds: each changed byte, each removed, inserted or moved record."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from made_records import closed
from runbook.audit import chain, manifest, pruning, signing, verifying
from runbook.findings import FAIL, WARN, failed
from runbook.records import archive, journal
from runbook.records.archive import DRAFT


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five records with journals, one of them pruned, two of them signed, one with a backup."""
    runs = tmp_path_factory.mktemp("made") / "runs"
    signing.make(runs.parent / "key")
    key = signing.key_of(str(runs.parent / "key"))
    with pytest.MonkeyPatch.context() as patch:
        for number in range(5):
            draft = runs.parent / f"journal {number}"
            draft.mkdir()
            patch.setenv("RUNBOOK_RECORD", str(draft))
            for count in range(3):
                journal.seen("0", "Ada", stage="precheck", state="passed", findings=[], n=count)
            lines = {journal.FILE: (draft / journal.FILE).read_text()}
            path = closed(runs, number, key=key if number in (1, 3) else None, **lines)
            if number == 0:
                pruning.prune(runs, [path], "Ada")
    return runs


@pytest.fixture
def runs(made: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(made, tmp_path / "runs"))


def findings(runs: Path) -> list[str]:
    return [f"{row.object}: {row.observed}" for row in failed(verifying.archive(runs))]


def files(runs: Path) -> list[Path]:
    return sorted(p for p in runs.rglob("*") if p.is_file() and not p.name.startswith("."))


def records(runs: Path) -> list[Path]:
    return [runs / line.record for line in chain.records(chain.read(runs))]


def test_untouched_records_verify(runs: Path):
    assert findings(runs) == []
    assert len(records(runs)) == 5
    names = {path.name for path in files(runs)}
    assert names == {
        *("chain.jsonl", "journal.jsonl", "record.html", "manifest.json", "tombstone.json"),
        *(manifest.ENVELOPE, manifest.SSH_SIGNATURE),
    }


def test_whatever_else_the_runbook_puts_beside_the_records_is_no_finding(runs: Path):
    package = Path(verifying.__file__).parents[1]
    source = "".join(path.read_text() for path in package.rglob("*.py"))
    places = set(re.findall(r'(?:runs|"runs"\)?) / "([a-z]+)"', source))
    assert {"backups", "plans", "rehearsals", "tutorial", "work"} <= places
    for place in places:
        (runs / place).mkdir(exist_ok=True)
    assert findings(runs) == []


def test_any_changed_byte_is_found_five_hundred_times(runs: Path):
    chance = random.Random(6)
    there = files(runs)
    for _ in range(500):
        path = chance.choice(there)
        before = path.read_bytes()
        place = chance.randrange(len(before))
        other = before[place] ^ chance.randrange(1, 256)
        path.write_bytes(before[:place] + bytes([other]) + before[place + 1 :])
        assert findings(runs), f"{path.relative_to(runs)}, byte {place}: {before[place]} to {other}"
        path.write_bytes(before)
    assert findings(runs) == []


def test_a_file_that_was_cut_emptied_lengthened_or_removed_is_found(runs: Path):
    for path in files(runs):
        before = path.read_bytes()
        for after in (b"", before[:-1], before[: len(before) // 2], before + b"\n", None):
            path.unlink() if after is None else path.write_bytes(after)
            assert findings(runs), f"{path.relative_to(runs)} {after and len(after)}"
            path.write_bytes(before)
    assert findings(runs) == []


def test_a_file_that_was_added_is_found(runs: Path):
    for folder in records(runs):
        (folder / "more.txt").write_text("x")
        (found,) = findings(runs)
        assert "more.txt" in found
        (folder / "more.txt").unlink()


def test_two_files_that_changed_places_are_found(runs: Path):
    there = files(runs)
    for one, other in pairwise(there):
        if one.read_bytes() == other.read_bytes():
            continue
        _swap(one, other)
        assert findings(runs), f"{one} {other}"
        _swap(one, other)


def test_a_removed_record_is_named_with_the_one_before_it(runs: Path):
    first, second, *_ = records(runs)
    shutil.rmtree(second)
    (found,) = findings(runs)
    assert found == f"{second.name}: was removed; it was closed after {first.name}"


def test_a_record_removed_together_with_its_line_is_found(runs: Path):
    gone = records(runs)[2]
    shutil.rmtree(gone)
    _lines(runs, lambda lines: [line for line in lines if gone.name.encode() not in line])
    assert any("does not follow the line before it" in found for found in findings(runs))


def test_the_end_of_the_chain_cut_off_shows_the_records_behind_it(runs: Path):
    last = records(runs)[-1]
    _lines(runs, lambda lines: lines[:-1])
    assert [found.split(";")[0] for found in findings(runs)] == [
        f"{last.name}: was put in from elsewhere, or the chain was cut"
    ]


def test_a_missing_chain_is_found(runs: Path):
    (runs / chain.FILE).unlink()
    assert "there is no chain, and 5 records" in findings(runs)[0]


def test_a_record_from_another_archive_is_found(runs: Path, tmp_path: Path):
    other = closed(tmp_path / "other", 9)
    shutil.copytree(other, runs / other.name)
    (found,) = findings(runs)
    assert found.startswith(f"{other.name}: was put in from elsewhere")
    # … with a line of its own, too:
    line = chain.records(chain.read(other.parent))[0].value
    chain.append(runs, chain.read(runs), line)
    (found,) = findings(runs)
    assert "closed behind another record" in found


def test_reordered_records_are_found(runs: Path):
    _lines(runs, lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]])
    assert any("does not follow the line before it" in found for found in findings(runs))


def test_a_last_line_that_says_something_else_than_its_record_is_found(runs: Path):
    _lines(runs, lambda lines: [*lines[:-1], lines[-1].replace(b'"server":""', b'"server":"x"')])
    (found,) = findings(runs)
    assert "its line in the chain says something else than its manifest" in found


def test_records_that_swapped_their_names_are_found(runs: Path):
    _, _, one, other, _ = records(runs)
    _swap(one, other)
    assert len(findings(runs)) >= 2


def test_a_chain_worked_out_anew_after_a_change_is_found_by_the_manifests_or_the_signature(
    runs: Path, made: Path
):
    """Who recomputes digests has to do so in every later manifest, and cannot sign them."""
    changed = records(runs)[2]
    _reseal(runs, changed, "record.html", "<p>something else</p>")
    assert len(findings(runs)) == 1  # the next one's manifest names the old digest
    public = signing.public_key(made.parent / "key.pub")
    bad = failed(verifying.signatures(runs, public))
    assert bad == [row for row in bad if "not signed" in row.observed]


def test_a_signed_record_vouches_for_those_before_it(runs: Path, made: Path):
    public = signing.public_key(made.parent / "key.pub")
    rows = verifying.signatures(runs, public)
    assert [row.verdict for row in rows] == ["PASS"] * 4 + [FAIL]
    assert "not signed" in rows[-1].observed
    signing.make(runs.parent / "other")
    other = signing.public_key(runs.parent / "other.pub")
    assert {row.verdict for row in verifying.signatures(runs, other)} == {FAIL}


def test_pruned_records_keep_their_digests_and_verify(runs: Path):
    _, second, third, *_ = records(runs)
    with pytest.raises(Exception, match="--keep"):
        pruning.old(runs, 0)
    old = pruning.old(runs, 3)
    assert old == [second]
    pruning.prune(runs, old, "Grace")
    assert findings(runs) == []
    assert {path.name for path in second.iterdir()} == {
        *("manifest.json", "tombstone.json", manifest.ENVELOPE, manifest.SSH_SIGNATURE)
    }
    assert set(manifest.subjects(manifest.read(second))) == {"journal.jsonl", "record.html"}
    assert "Grace" in (second / "tombstone.json").read_text()
    assert closed(runs, 7).exists()
    assert findings(runs) == []
    # Taking files away and calling it pruned needs a line in the chain:
    for name in ("journal.jsonl", "record.html"):
        (third / name).unlink()
    shutil.copy(second / "tombstone.json", third / "tombstone.json")
    assert len(findings(runs)) == 2


def test_a_changed_record_is_not_pruned(runs: Path):
    second = records(runs)[1]
    (second / "record.html").write_text("x")
    with pytest.raises(Exception, match="holds something else"):
        pruning.prune(runs, [second], "Ada")
    assert (second / "journal.jsonl").exists()


def test_a_pruning_that_was_killed_is_said_and_can_be_completed(runs: Path, monkeypatch):
    second = records(runs)[1]
    monkeypatch.setattr(pruning, "_bury", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        pruning.prune(runs, [second], "Ada")
    monkeypatch.undo()
    assert findings(runs)
    pruning.finish(runs)
    assert findings(runs) == []


def test_a_run_that_goes_on_is_no_finding(runs: Path):
    draft = archive.begin(runs, "20261122T130000Z_p_t_00000000")
    rows = verifying.archive(runs)
    assert [row.object for row in rows if row.verdict == WARN] == [draft.folder.name]
    assert failed(rows) == []


def test_a_run_killed_between_its_line_and_its_name_gets_its_name_from_the_next(
    runs: Path, monkeypatch
):
    from runbook import record

    def killed(draft, name):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(archive, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            closed(runs, 8)
    (draft,) = runs.glob(f"{DRAFT}*/")
    digest = manifest.sha256((draft / manifest.FILE).read_bytes())
    (found,) = findings(runs)
    assert "has not got its name yet" in found
    archive.release(archive.Draft(draft, draft.name, archive._lock(draft)))
    (again,) = record.recover(runs)
    assert manifest.sha256((again.path / manifest.FILE).read_bytes()) == digest
    assert findings(runs) == []


def test_runs_that_end_together_make_one_chain(tmp_path: Path):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda n: closed(tmp_path / "runs", n), range(12)))
    assert {path.name for path in records(tmp_path / "runs")} == {path.name for path in made}
    assert findings(tmp_path / "runs") == []


def test_a_record_alone_on_another_machine_verifies_and_shows_its_changes(
    runs: Path, tmp_path: Path
):
    copy = Path(shutil.copytree(records(runs)[2], tmp_path / records(runs)[2].name))
    assert failed(verifying.alone(copy)) == []
    (copy / "record.html").write_text("x")
    assert len(failed(verifying.alone(copy))) == 1


@pytest.mark.parametrize("damage", [1, 2, 3])
def test_a_journal_line_taken_out_moved_or_changed_breaks_the_journals_own_chain(
    runs: Path, damage: int
):
    path = records(runs)[2] / journal.FILE
    one, two, three = path.read_text().splitlines()
    lines = {1: [one, three], 2: [two, one, three], 3: [one.replace("Ada", "Eve"), two, three]}
    assert journal.broken(path.parent) == ""
    path.write_text("\n".join(lines[damage]) + "\n")
    assert "does not follow" in journal.broken(path.parent)


def test_a_half_written_line_is_ended_before_the_next(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("RUNBOOK_RECORD", str(tmp_path))
    journal.seen("0", "Ada", stage="x", state="passed", findings=[])
    with (tmp_path / journal.FILE).open("a") as file:
        file.write('{"half": ')
    journal.seen("0", "Ada", stage="y", state="passed", findings=[["a"] * 5] * 20_000)
    journal.seen("0", "Ada", stage="z", state="passed", findings=[])
    assert [event["stage"] for event in journal.read(tmp_path)] == ["x", "y", "z"]
    assert "line 2 cannot be read" in journal.broken(tmp_path)


def _lines(runs: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path = runs / chain.FILE
    path.write_bytes(b"".join(line + b"\n" for line in change(path.read_bytes().splitlines())))


def _swap(one: Path, other: Path) -> None:
    third = one.with_name("third")
    one.rename(third)
    other.rename(one)
    third.rename(other)


def _reseal(runs: Path, record: Path, name: str, content: str) -> None:
    """What a forger does: change a file, and everything that is derived from it in the chain."""
    old = manifest.sha256((record / manifest.FILE).read_bytes())
    (record / name).write_text(content)
    said = manifest.read(record)
    for subject in said["subject"]:
        subject["digest"]["sha256"] = manifest.digest(record / subject["name"])
    (record / manifest.FILE).write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n")
    new = manifest.digest(record / manifest.FILE)

    def relinked(lines: list[bytes]) -> Iterator[bytes]:
        made: list[chain.Line] = []
        for raw in lines:
            value = json.loads(raw.replace(old.encode(), new.encode()))
            made.append(chain.Line(chain.encoded(value, made), value))
            yield made[-1].raw

    _lines(runs, lambda lines: list(relinked(lines)))
