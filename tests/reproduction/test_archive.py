"""Results kept as files to read and one archive of records, and restored from it so that no run is made again."""

import io
import json
import lzma
import os
import tarfile
from pathlib import Path

import pytest
import small_results

from cae_caffe.errors import InputError
from cae_caffe.reproduction import archive, pages
from cae_caffe.reproduction.questions import QUESTIONS, question_runs
from cae_caffe.reproduction.questions.question import SEEDS
from cae_caffe.reproduction.reproduce import needed_runs, reproduce
from cae_caffe.reproduction.request import Request
from cae_caffe.reproduction.runs.plan import PAPER_RUNS, TABLES, Plan
from cae_caffe.running.processes import Program

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "docs" / "results"


def _files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _write_results(folder):
    """A folder of results with a file of each kind, weights and log among them; returns a run's folder."""
    run = small_results.write_run(folder, "cae1-n2", 1)
    small_results.write_measures(run)
    small_results.write_question(folder, "step-size")
    small_results.write_figure(folder, "fig1.png")
    (run / "picture.npz").write_bytes(b"picture")
    (run / "train.log").write_text("log")
    (run / "cae1-n2_iter_20000.caffemodel").write_bytes(b"weights")
    for name in ("table1.md", "questions/step-size.md", "map.json", "report.html"):
        (folder / name).write_text(name)
    variant = folder / "questions" / "runs" / "cae1-n2-relu-seed1"
    variant.mkdir(parents=True)
    (variant / "result.json").write_bytes((run / "result.json").read_bytes())
    (variant / "train_test.prototxt").write_text("net")
    return run


@pytest.fixture
def results(tmp_path):
    _write_results(tmp_path / "results")
    return tmp_path / "results"


def test_the_kept_form_is_what_people_read_and_one_archive(results, tmp_path):
    size = archive.keep(results, tmp_path / "kept")
    found = _files(tmp_path / "kept")
    assert set(found) == {"table1.md", "questions/step-size.md", "report.html", "figures/fig1.png", archive.RECORDS}
    assert size == sum(map(len, found.values()))
    assert set(archive.read_archive(tmp_path / "kept" / archive.RECORDS)) == {
        "map.json", "questions/step-size.json", "runs/cae1-n2-seed1/measures.json", "runs/cae1-n2-seed1/picture.npz",
        "runs/cae1-n2-seed1/result.json", "questions/runs/cae1-n2-relu-seed1/result.json",
        "questions/runs/cae1-n2-relu-seed1/train_test.prototxt"}


def test_equal_records_give_equal_bytes(results, tmp_path):
    archive.keep(results, tmp_path / "one")
    for path in results.rglob("*"):
        os.utime(path, (1e9, 1e9))
    archive.keep(results, tmp_path / "other")
    assert _files(tmp_path / "one") == _files(tmp_path / "other")


def test_what_is_kept_is_restored_byte_by_byte(results, tmp_path):
    kept, back, again = tmp_path / "kept", tmp_path / "back", tmp_path / "again"
    archive.keep(results, kept)
    done = archive.restore(kept, back)
    found, originals = _files(back), _files(results)
    assert set(originals) - set(found) == {"runs/cae1-n2-seed1/train.log",
                                           "runs/cae1-n2-seed1/cae1-n2_iter_20000.caffemodel"}
    written_anew = {name for name in found if name.endswith(("result.json", ".png"))}      # curves thinned, few colours
    assert all(found[name] == originals[name] for name in set(found) - written_anew)
    name = "runs/cae1-n2-seed1/result.json"
    assert json.loads(found[name]) == json.loads(originals[name])
    assert (done.files, done.bytes, done.stayed) == (len(found), sum(map(len, found.values())), ())
    # From then on not a byte changes.
    archive.keep(back, again)
    assert _files(again) == _files(kept)


def test_records_that_are_kept_already_stay_in_the_archive(results, tmp_path):
    archive.keep(results, tmp_path / "kept")
    small_results.write_run(tmp_path / "later", "cae1-n2", 2)
    archive.keep(tmp_path / "later", tmp_path / "kept")
    names = set(archive.read_archive(tmp_path / "kept" / archive.RECORDS))
    assert {"runs/cae1-n2-seed1/result.json", "runs/cae1-n2-seed2/result.json", "map.json"} <= names


def test_what_is_there_already_stays_and_a_run_stays_whole(results, tmp_path):
    archive.keep(results, tmp_path / "kept")
    newer = small_results.write_run(tmp_path / "back", "cae1-n2", 1, test=(150.0, 17.0))
    (tmp_path / "back" / "map.json").write_text("newer")
    before = (newer / "result.json").read_bytes()
    done = archive.restore(tmp_path / "kept", tmp_path / "back")
    assert (newer / "result.json").read_bytes() == before and (tmp_path / "back" / "map.json").read_text() == "newer"
    # The measures are of the kept run, not of the one that is there.
    assert sorted(path.name for path in newer.iterdir()) == ["result.json"]
    assert done.stayed == ("map.json", "runs/cae1-n2-seed1")
    assert (tmp_path / "back" / "questions" / "runs" / "cae1-n2-relu-seed1" / "result.json").exists()
    assert archive.restore(tmp_path / "kept", tmp_path / "back").files == 0


def test_what_cannot_be_restored_whole_is_not_restored_at_all(results, tmp_path, monkeypatch):
    archive.keep(results, tmp_path / "kept")
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "table4.md").write_text("ours")
    moved, rename = [], os.rename

    def full_after_three(source, target):
        if len(moved) == 3:
            raise OSError(28, "No space left on device", target)
        moved.append(target)
        rename(source, target)
    monkeypatch.setattr(archive.os, "rename", full_after_three)
    with pytest.raises(OSError, match="No space"):
        archive.restore(tmp_path / "kept", tmp_path / "back")
    assert len(moved) == 3 and set(_files(tmp_path / "back")) == {"table4.md"}


def _member(name, data=b"{}", **changes):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for key, value in changes.items():
        setattr(member, key, value)
    return member, data


RECORD = "runs/cae1-n2-seed1/result.json"


@pytest.mark.parametrize("member", [
    _member("../result.json"), _member("runs/../result.json"), _member("/runs/a/result.json"),
    _member("runs/..\\..\\a/result.json"), _member("runs/.ssh/result.json"), _member("runs/a/weights.caffemodel"),
    _member("runs/a/b/result.json"), _member("elsewhere/runs/a/result.json"),
    _member(RECORD, b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    _member(RECORD, b"", type=tarfile.LNKTYPE, linkname="map.json"),
    _member("runs/a", b"", type=tarfile.DIRTYPE), _member(RECORD, b"", type=tarfile.FIFOTYPE),
], ids=lambda member: f"{member[0].name} {member[0].type.decode()}")
def test_an_archive_that_holds_anything_but_records_is_refused_whole(tmp_path, member):
    with tarfile.open(str(tmp_path / archive.RECORDS), "w:xz") as packed:
        for info, data in (_member("map.json"), member):
            packed.addfile(info, io.BytesIO(data))
    with pytest.raises(InputError, match=r"records.tar.xz: this is no archive of records .*`.*` in it is no record"):
        archive.restore(tmp_path, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_BYTES", 2**16)
    (tmp_path / archive.RECORDS).write_bytes(lzma.compress(bytes(2**16 + 1)))
    with pytest.raises(InputError, match="it unpacks to more than 65536 bytes"):
        archive.read_archive(tmp_path / archive.RECORDS)


@pytest.mark.parametrize("damage", [lambda data: data[:len(data) // 2], lambda data: b"x" + data[1:],
                                    lambda data: b"", lambda data: lzma.compress(b"no tar at all" * 100)])
def test_a_damaged_archive_is_refused(results, tmp_path, damage):
    archive.keep(results, tmp_path / "kept")
    path = tmp_path / "kept" / archive.RECORDS
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"this is no archive of records .*; fetch it again"):
        archive.restore(tmp_path / "kept", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_folder_without_an_archive_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(InputError, match=r"records.tar.xz: this folder has no archive .* --keep"):
        archive.restore(tmp_path, tmp_path / "back")


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    """The committed results, restored."""
    folder = tmp_path_factory.mktemp("committed")
    archive.restore(KEPT, folder)
    return Plan(folder, prototxt=ROOT / "prototxt")


def test_the_committed_records_are_all_there(committed):
    assert sum(run.result() is not None for table in TABLES for run in committed.table_runs(table, PAPER_RUNS)) == 63
    assert sum(run.result() is not None for table in TABLES
               for run in committed.by("caffe").table_runs(table, PAPER_RUNS)) == 7
    assert all(run.result() is not None for run in question_runs(committed, QUESTIONS.values(), SEEDS))
    assert not {path.name for path in (KEPT / "questions").iterdir()} ^ {f"{key}.md" for key in QUESTIONS}


def test_the_documented_summary_is_that_of_the_committed_records(committed):
    assert pages.summary(committed) == (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")


def test_no_run_is_made_again_behind_restored_records(committed, monkeypatch):
    monkeypatch.chdir(ROOT)
    request = Request(tables=[4])
    assert len(needed_runs(request, committed, again=True)) == 18
    everything = needed_runs(Request().of_all(), committed, again=False)
    assert len(everything) > 150 and all(run.result() is not None for run in everything)
    said, nothing = [], Program("no program", "no.such.module")
    made = reproduce(request, committed, nothing, said.append)
    assert said == ["18 of 18 runs are done already."]
    assert made[0].read_text(encoding="utf-8") == (KEPT / "table4.md").read_text(encoding="utf-8")


def test_without_the_records_all_runs_of_table_4_are_needed(tmp_path):
    plan = Plan(tmp_path, prototxt=ROOT / "prototxt")
    assert sum(run.result() is None for run in needed_runs(Request(tables=[4]), plan, again=True)) == 18
