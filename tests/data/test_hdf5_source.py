"""HDF5Source and read_list: the files of a list as one, and lists and files that will not do."""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np
import pytest

from cae_caffe.data import HDF5Source, read_list
from cae_caffe.errors import InputError

VALUES = np.arange(20, dtype=np.float32).reshape(10, 2)


def write(path, **datasets):
    with h5py.File(str(path), "w") as file:
        for name, values in datasets.items():
            file[name] = values


@pytest.fixture
def list_file(tmp_path, monkeypatch):
    """A list of three files with rows 0-3, 4 and 5-9."""
    monkeypatch.chdir(tmp_path)
    for name, start, stop in (("a.h5", 0, 4), ("b.h5", 4, 5), ("c.h5", 5, 10)):
        write(name, data=VALUES[start:stop], label=VALUES[start:stop, 0])
    (tmp_path / "list.txt").write_text("a.h5 b.h5\n\n  c.h5")
    return "list.txt"


def test_names_are_split_at_white_space_as_caffe_does(list_file):
    assert [path.name for path in read_list(list_file)] == ["a.h5", "b.h5", "c.h5"]


def test_shapes_and_names(list_file):
    with HDF5Source(list_file) as source:
        assert source.names == ["data", "label"]
        assert len(source) == 10
        assert source.shape("data") == (10, 2) and source.shape("label") == (10,)


@pytest.mark.parametrize("start, stop", [(0, 10), (3, 6), (4, 5), (2, 3), (9, 99), (5, 5), (7, 3)])
def test_rows_across_files(list_file, start, stop):
    with HDF5Source(list_file) as source:
        assert np.array_equal(source.rows("data", start, stop), VALUES[start:stop])


def test_batches_cross_files_and_end_with_the_rest(list_file):
    with HDF5Source(list_file) as source:
        batches = list(source.batches(3))
    assert [len(batch["label"]) for batch in batches] == [3, 3, 3, 1]
    assert np.array_equal(np.concatenate([batch["data"] for batch in batches]), VALUES)


def test_reading_goes_on_after_close(list_file):
    source = HDF5Source(list_file)
    source.close()
    assert np.array_equal(source.rows("label", 0, 2), [0, 2])
    source.close()


def test_datasets_can_be_chosen_and_the_rest_is_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("a.h5", data=VALUES, label=VALUES[:, 0], other=np.zeros(3))
    (tmp_path / "list.txt").write_text("a.h5")
    with HDF5Source("list.txt", ["other"]) as source:
        assert source.names == ["other"] and len(source) == 3


def test_datasets_that_do_not_go_with_data_are_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("a.h5", data=VALUES, label=VALUES[:, 0], mean=np.zeros(2), scalar=np.float32(1))
    (tmp_path / "list.txt").write_text("a.h5")
    with HDF5Source("list.txt") as source:
        assert source.names == ["data", "label"] and len(source) == 10


def test_a_list_that_is_not_there():
    with pytest.raises(InputError, match=r"cannot read the list of HDF5 files `absent.txt`: No such file"):
        read_list("absent.txt")


def test_an_empty_list(tmp_path):
    (tmp_path / "list.txt").write_text("\n")
    with pytest.raises(InputError, match=r"list.txt` names no HDF5 file"):
        read_list(tmp_path / "list.txt")


def test_an_hdf5_file_in_place_of_a_list(list_file):
    with pytest.raises(InputError, match=r"cannot read the list of HDF5 files `a.h5`"):
        read_list("a.h5")


def test_a_listed_file_that_is_not_there_is_named_with_its_line(list_file, tmp_path):
    (tmp_path / "c.h5").unlink()
    with pytest.raises(InputError, match=f"list.txt, line 3: there is no file `c.h5` in .* directory `{tmp_path}`"):
        HDF5Source(list_file)


@pytest.mark.parametrize("datasets, fault", [
    ({"data": VALUES, "label": VALUES[:3, 0]}, "`b.h5` has datasets with different numbers of rows.*'label': 3"),
    ({"data": VALUES}, "`b.h5` has no dataset `label`; it has `data`"),
    ({"data": VALUES[:, :1], "label": VALUES[:, 0]}, "`b.h5` has rows of the shapes .*, but `a.h5` has"),
])
def test_files_that_disagree(list_file, datasets, fault):
    write("b.h5", **datasets)
    with pytest.raises(InputError, match=fault):
        HDF5Source(list_file)


def test_a_listed_file_that_is_not_hdf5(list_file, tmp_path):
    (tmp_path / "b.h5").write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"b.h5: this is not a readable HDF5 file"):
        HDF5Source(list_file)


def test_asking_for_an_unknown_dataset(list_file):
    with HDF5Source(list_file) as source, pytest.raises(InputError, match="no dataset `codes`; it has `data`, `label`"):
        source.rows("codes", 0, 1)


def _quoted(names: Sequence[str], separator: str) -> str:
    return separator.join(f"`{name}`" for name in names)
