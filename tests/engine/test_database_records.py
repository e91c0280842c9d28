"""The records of a database of either kind: in the order of their keys, round after round, from any of them on."""

from __future__ import annotations

import pytest
from datasets import leveldb_files, lmdb_bytes, read_round

from cae_caffe.engine.leveldb_records import LevelDbRecords
from cae_caffe.engine.lmdb_records import LmdbRecords
from cae_caffe.errors import InputError

SMALL = {(b"%04d" % (i * 7 % 300)): bytes([i % 256]) * (i % 50 * 10) for i in range(300)}
LARGE = {(b"%04d" % i) * 40: b"x" * (i % 9 * 700) for i in range(300)}      # of an LMDB, with branches and large values
MAKERS = {"LevelDB": (LevelDbRecords, lambda records: leveldb_files(records, in_tables=True, block_size=1024)),
          "LMDB": (LmdbRecords, lambda records: {"data.mdb": lmdb_bytes(records)})}


@pytest.fixture(scope="module", params=MAKERS)
def made(request):
    """A kind of database, and the files of one with each of the two sets of records."""
    reader, files = MAKERS[request.param]
    return reader, [(records, files(records)) for records in (SMALL, LARGE)]


@pytest.fixture(params=[0, 1], ids=["small", "large"])
def opened(made, request, tmp_path):
    """A database, opened, and its records in their order."""
    reader, databases = made
    records, files = databases[request.param]
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return reader(str(tmp_path)), sorted(records.items())


def test_all_records_are_read_round_after_round(opened):
    records, expected = opened
    assert [read_round(records) for _ in range(2)] == [expected] * 2


@pytest.mark.parametrize("index", [0, 1, 17, 150, 298, 299])
def test_reading_goes_on_from_any_record(opened, index):
    records, expected = opened
    records.go_to(expected[index][0])
    assert read_round(records) == expected[index:]
    assert read_round(records) == expected


@pytest.mark.parametrize("key", [b"", b"0", b"00000", b"zzz"])
def test_a_record_that_is_gone_is_told(opened, key):
    records, expected = opened
    records.advance()
    with pytest.raises(InputError, match=f"has no record `{key.decode()}` any more, where the reading stood"):
        records.go_to(key)
    assert records.record() == expected[0]
