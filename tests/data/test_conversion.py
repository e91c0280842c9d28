"""Conversion and its files: splitting, streaming, resuming, and nothing half-written."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tracemalloc
import types
from pathlib import Path

import h5py
import numpy as np
import pytest

import cae_caffe
from cae_caffe.data import Conversion, HDF5Source, hdf5_writer
from cae_caffe.data.conversion import MAX_ELEMENTS
from cae_caffe.errors import InputError, RunError

ROWS = 2500
SHAPES = {"data": (1, 28, 28), "label": ()}
ROW_BYTES = 4 * (28 * 28 + 1)
THIRDS = 8192 + 1000 * ROW_BYTES        # room for 1000 rows


def read(start, stop):
    label = np.arange(start, stop, dtype=np.float32)
    return {"data": np.broadcast_to(label.reshape(-1, 1, 1, 1), (stop - start, 1, 28, 28)), "label": label}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def conversion(out, source="the source", max_file=THIRDS, rows=ROWS):
    return Conversion(out, rows, SHAPES, source, max_file)


class Interrupted:
    """Reads like `read`, but is interrupted once it is asked for row `at`."""

    def __init__(self, at):
        self.at = at
        self.asked = []

    def __call__(self, start, stop):
        if start <= self.at < stop:
            raise KeyboardInterrupt
        self.asked.append(start)
        return read(start, stop)


def test_one_file_where_it_fits(tmp_path):
    done = conversion(tmp_path / "all", max_file=None).ensure(read)
    assert names(tmp_path) == ["all.h5", "all.txt"]
    assert done.anew and done.list_file.read_text() == f"{tmp_path}/all.h5\n"
    with h5py.File(str(tmp_path / "all.h5"), "r") as file:
        assert np.array_equal(file["label"], np.arange(ROWS))
        assert file["data"].shape == (ROWS, 1, 28, 28)
        assert file["data"].dtype == np.dtype("<f4")
        assert file["data"].chunks is None and file["data"].compression is None


def test_several_files_of_at_most_the_given_size(tmp_path):
    done = conversion(tmp_path / "split").ensure(read)
    assert names(tmp_path) == ["split.txt", "split_000.h5", "split_001.h5", "split_002.h5"]
    assert done.list_file.read_text() == "".join(f"{tmp_path}/split_00{part}.h5\n" for part in range(3))
    assert THIRDS - 8192 < done.files[0].stat().st_size <= THIRDS
    with HDF5Source(done.list_file) as source:
        assert np.array_equal(source.rows("label", 0, ROWS), np.arange(ROWS))
        assert np.array_equal(source.rows("data", 0, ROWS)[:, 0, 27, 27], np.arange(ROWS))


def test_the_list_names_files_as_out_was_typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert conversion("data/two", max_file=None).ensure(read).list_file.read_text() == "data/two.h5\n"


def test_caffes_limit_splits_without_being_asked():
    conversion = Conversion("big", 10_000_000, SHAPES, "the source")
    sizes = [(part.stop - part.start) * 784 for part in conversion.parts]
    assert len(sizes) == 4 and sum(sizes) == 7_840_000_000
    assert max(sizes) <= MAX_ELEMENTS == 2**31 - 1 < max(sizes) + 784


def test_a_row_that_does_not_fit_is_refused():
    with pytest.raises(InputError, match="--max-file 9000 leaves no room for one row of 3140 bytes"):
        conversion("x", max_file=9000)


@pytest.mark.parametrize("out", ["my data/train", "", "a\tb"])
def test_names_that_a_list_cannot_hold_are_refused(out):
    with pytest.raises(InputError, match="white space"):
        conversion(out)


def test_a_folder_is_no_name(tmp_path):
    with pytest.raises(InputError, match="is a folder; add a name"):
        conversion(tmp_path)


@pytest.mark.parametrize("typed, out", [("a/b.h5", "a/b"), ("a/b.txt", "a/b"), ("a/b.c", "a/b.c")])
def test_an_ending_that_is_ours_is_not_doubled(typed, out):
    assert conversion(typed).list_file.as_posix() == f"{out}.txt"


def test_what_is_there_is_not_made_again(tmp_path):
    first = conversion(tmp_path / "x").ensure(read)
    times = [path.stat().st_mtime_ns for path in first.files]
    again = conversion(tmp_path / "x").ensure(Interrupted(0))
    assert again == first._replace(anew=False)
    assert [path.stat().st_mtime_ns for path in again.files] == times


@pytest.mark.parametrize("change", [{"source": "another"}, {"max_file": THIRDS - ROW_BYTES}, {"rows": ROWS - 1}])
def test_what_is_there_of_something_else_is_made_again(tmp_path, change):
    conversion(tmp_path / "x").ensure(read)
    assert conversion(tmp_path / "x", **change).ensure(read).anew


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-1]),
                                    lambda path: path.write_bytes(b"not HDF5")])
def test_only_a_damaged_part_is_made_again(tmp_path, damage):
    damage(conversion(tmp_path / "x").ensure(read).files[1])
    reader = Interrupted(-1)
    conversion(tmp_path / "x").ensure(reader)
    assert reader.asked == [1000]
    with HDF5Source(tmp_path / "x.txt") as source:
        assert np.array_equal(source.rows("label", 0, ROWS), np.arange(ROWS))


def test_an_interruption_leaves_finished_parts_and_no_list(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        conversion(tmp_path / "x").ensure(Interrupted(1500))
    assert names(tmp_path) == ["x_000.h5"]


def test_the_next_run_goes_on_after_the_finished_parts(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        conversion(tmp_path / "x").ensure(Interrupted(1500))
    reader = Interrupted(-1)
    conversion(tmp_path / "x").ensure(reader)
    assert reader.asked == [1000, 2000]
    assert names(tmp_path) == ["x.txt", "x_000.h5", "x_001.h5", "x_002.h5"]


def test_an_old_list_does_not_outlive_the_start_of_new_content(tmp_path):
    conversion(tmp_path / "x").ensure(read)
    with pytest.raises(KeyboardInterrupt):
        conversion(tmp_path / "x", source="another").ensure(Interrupted(1500))
    assert "x.txt" not in names(tmp_path)


def test_what_a_killed_process_left_is_removed(tmp_path):
    (tmp_path / ".cae-caffe-12345678.part").mkdir()
    (tmp_path / ".cae-caffe-12345678.part" / "x_000.h5").write_bytes(b"half")
    conversion(tmp_path / "x").ensure(read)
    assert names(tmp_path) == ["x.txt", "x_000.h5", "x_001.h5", "x_002.h5"]


def test_memory_does_not_grow_with_the_rows(tmp_path):
    def peak(rows):
        tracemalloc.start()
        try:
            conversion(tmp_path / str(rows), max_file=None, rows=rows).ensure(read)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # Chunks are of 1335 rows (4 MB); 8 of them must cost what 2 cost, but for the interpreter's own small change.
    assert peak(8 * 1335) < 1.1 * peak(2 * 1335)


def test_equal_input_gives_equal_bytes(tmp_path):
    one, two = (conversion(tmp_path / name).ensure(read).files[0].read_bytes() for name in "ab")
    assert one == two


def _refusing(error):
    def fallocate(descriptor, offset, length):
        raise OSError(error, os.strerror(error))
    return fallocate


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EOPNOTSUPP, errno.EINVAL], ids=errno.errorcode.get)
def test_a_full_disk_is_found_before_the_work(error, tmp_path, monkeypatch):
    """By reserving the room, and by looking for it where the file system reserves none."""
    monkeypatch.setattr(os, "posix_fallocate", _refusing(error))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=1))
    with pytest.raises(RunError, match=r"cannot write `.*x_000.h5`: No space left on device; free some space"):
        conversion(tmp_path / "x").ensure(Interrupted(0))
    assert names(tmp_path) == []


def test_a_file_system_that_reserves_no_room_is_written_to_all_the_same(tmp_path, monkeypatch):
    conversion(tmp_path / "a").ensure(read)
    monkeypatch.setattr(os, "posix_fallocate", _refusing(errno.EOPNOTSUPP))
    conversion(tmp_path / "b").ensure(read)
    assert (tmp_path / "a_000.h5").read_bytes() == (tmp_path / "b_000.h5").read_bytes()


# A limit on the size of files stands in for a disk that fills up; a process of its own, for it cannot be lifted again.
FILLS_UP = """
import resource, signal, sys
import numpy as np
from cae_caffe.data import Conversion
from cae_caffe.errors import RunError

def read(start, stop):
    if start > 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    return {"data": np.zeros((stop - start, 1000), np.float32)}

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    Conversion(sys.argv[1], 5000, {"data": (1000,)}, "the source").ensure(read)
except RunError as error:
    print(error)
"""


def test_a_disk_that_fills_up_is_reported_and_left_clean(tmp_path):
    done = subprocess.run([sys.executable, "-c", FILLS_UP, str(tmp_path / "x")], capture_output=True, text=True,
                          check=False, cwd=str(Path(cae_caffe.__file__).parents[1]))
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith(f"cannot write `{tmp_path}/x.h5`: File too large; ")
    assert names(tmp_path) == []


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot write `.*file/x_000.h5`: File exists; a file stands where its folder "
                                       r"should be, so choose another place with --out"):
        conversion(tmp_path / "file" / "x").ensure(read)


@pytest.mark.parametrize("chunk", [{"data": np.zeros((3, 2))}, {"data": np.zeros((1, 3)), "label": np.zeros(1)},
                                   {"data": np.zeros((2, 2)), "label": np.zeros(1)},
                                   {"data": np.zeros((6, 2)), "label": np.zeros(6)}])
def test_the_writer_refuses_chunks_that_do_not_fit(tmp_path, chunk):
    with pytest.raises(ValueError, match="do not fit behind 0 of 5 rows"), \
            hdf5_writer(tmp_path / "x.h5", 5, {"data": (2,), "label": ()}) as writer:
        writer.append(**chunk)
    assert names(tmp_path) == []


def test_the_writer_refuses_a_file_with_rows_missing(tmp_path):
    with pytest.raises(ValueError, match="was given 2 of its 5 rows"), \
            hdf5_writer(tmp_path / "x.h5", 5, {"data": (2,)}) as writer:
        writer.append(data=np.zeros((2, 2)))
    assert names(tmp_path) == []
