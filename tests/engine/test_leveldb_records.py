"""LevelDBs: who may read one, and what is said where there is none, or a damaged one."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import datasets
import pytest
from datasets import leveldb_files, read_round, write_leveldb

from cae_caffe.engine import log as engine_log
from cae_caffe.engine.leveldb_records import LevelDbRecords
from cae_caffe.errors import InputError

RECORDS = {(b"%04d" % (i * 7 % 300)): bytes([i % 256]) * (i % 50 * 10) for i in range(300)}
OTHER_PROCESS = """
import sys
try:
    import plyvel
except ImportError:
    import plyvel_next as plyvel
database = plyvel.DB(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def files():
    return leveldb_files(RECORDS, in_tables=True, block_size=1024)


@pytest.fixture
def opened(tmp_path):
    def open_database(files) -> LevelDbRecords:
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        return LevelDbRecords(str(tmp_path))
    return open_database


def test_several_readers_of_one_process_share_it(tmp_path, monkeypatch):
    """Where real Caffe cannot open it for a second net."""
    write_leveldb(tmp_path / "rows", RECORDS)
    monkeypatch.chdir(tmp_path)
    first, second = LevelDbRecords("rows"), LevelDbRecords(f"../{tmp_path.name}/rows")
    first.advance()
    assert second.record()[0] == min(RECORDS) != first.record()[0]
    monkeypatch.chdir(tmp_path.parent)
    assert len(read_round(second)) == len(RECORDS)


def test_it_can_be_opened_again_when_nobody_reads_it(opened, files):
    records = opened(files)
    cycle = [records]
    cycle.append(cycle)
    del records, cycle
    gc.collect()
    assert opened({}).record()


def test_the_process_that_has_it_open_is_named(tmp_path):
    write_leveldb(tmp_path / "rows", RECORDS)
    command = [sys.executable, "-c", OTHER_PROCESS, str(tmp_path / "rows")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline()
        with pytest.raises(InputError, match=rf"is open in process {other.pid} \(`.* -c import sys try: .*`\), and "
                                             "LevelDB lets one process open it; wait for that to end"):
            LevelDbRecords(str(tmp_path / "rows"))
        other.stdin.close()
    assert LevelDbRecords(str(tmp_path / "rows")).record()


@pytest.mark.parametrize("files, message", [
    ({}, "there is no .*CURRENT.; `source` is the path of the folder that holds its tables"),
    ({"data.mdb": b""}, "is no LevelDB, Caffe's default `backend`, but an LMDB; write `backend: LMDB`"),
    ({"CURRENT": b""}, "cannot be opened .*CURRENT.* it is damaged or cut off"),
    ({"CURRENT": b"MANIFEST-000001\n"}, "cannot be opened .*it is damaged or cut off"),
])
def test_a_folder_that_is_none_stays_as_it_is(opened, files, message, tmp_path):
    datasets.plyvel()
    with pytest.raises(InputError, match=message):
        opened(files)
    assert {"LOCK", "LOG", *files} >= set(os.listdir(tmp_path)) >= set(files)


def test_a_folder_that_is_not_there_is_not_made(tmp_path):
    datasets.plyvel()
    with pytest.raises(InputError, match=r"the LevelDB .*none cannot be opened .*there is no "):
        LevelDbRecords(str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_an_empty_one_is_told(opened):
    with pytest.raises(InputError, match="is empty; a batch cannot be made of it"):
        opened(leveldb_files({}))


def test_a_list_of_tables_that_is_cut_off_is_told_before_leveldb_removes_tables(opened, files, tmp_path):
    name, = (name for name in files if name.startswith("MANIFEST"))
    for length in (1, 6, 8, len(files[name]) - 1):
        with pytest.raises(InputError, match=rf"is cut off: {name}, its list of tables, ends amid a record"):
            opened({**files, name: files[name][:length]})
        assert {path.suffix for path in tmp_path.iterdir()} >= {".ldb"}
    assert opened(files).record()


@pytest.mark.parametrize("length", [100, 32768 - 3, 40_000, 70_000])
def test_a_log_that_is_cut_off_is_warned_of(opened, length, capsys, monkeypatch):
    """LevelDB, and so real Caffe, reads it up to there."""
    monkeypatch.setattr(engine_log, "_minimum", 0)
    written = leveldb_files({b"%04d" % i: b"x" * (i * 50) for i in range(60)})
    name, = (name for name in written if name.endswith(".log"))
    assert len(written[name]) > 70_000
    found = read_round(opened({**written, name: written[name][:length]}))
    assert 0 < len(found) < 60
    assert f"{name} ends amid a record" in capsys.readouterr().err


def test_a_whole_log_is_not_warned_of(opened, capsys, monkeypatch):
    monkeypatch.setattr(engine_log, "_minimum", 0)
    for count in range(1, 60):
        opened(leveldb_files({b"%04d" % i: b"x" * 1171 for i in range(count)}))
    assert "ends amid" not in capsys.readouterr().err


def damaged(files):
    """The files with a byte changed, with half of one, or without one, one after the other."""
    for name, content in files.items():
        places = {"ldb": range(0, len(content), 997)}.get(name[-3:], range(0, len(content), 5))
        for place in places:
            changed = bytearray(content)
            changed[place] ^= 0x55
            yield {**files, name: bytes(changed)}
        yield {**files, name: content[:len(content) // 2]}
        yield {other: kept for other, kept in files.items() if other != name}


def test_damaged_ones_end_in_a_sentence(files, tmp_path):
    """Or give some of the records: what LevelDB cannot tell from the end of its log is the end of it."""
    refused = 0
    for number, content in enumerate(damaged(files)):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, some in content.items():
            (folder / name).write_bytes(some)
        try:
            assert set(read_round(LevelDbRecords(str(folder)))) <= set(RECORDS.items())
        except InputError:
            refused += 1
    assert refused > 30
