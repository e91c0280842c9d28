"""HDF5Output: the file that real Caffe writes."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import two_engines
from conformance import Case, values

from cae_caffe import InputError, pycaffe
from cae_caffe.pycaffe import Net

NET = """
layer {{ name: "in" type: "Input" top: "x" top: "y" input_param {{ {shapes} }} }}
layer {{ name: "out" type: "HDF5Output" bottom: "x" bottom: "y" hdf5_output_param {{ file_name: "out.h5" }} }}
"""


def shape(*lengths):
    return f"shape {{ {' '.join(f'dim: {length}' for length in lengths)} }}"


def run(caffe):
    net = caffe.Net("net.prototxt", caffe.TEST)
    for i, name in enumerate(("x", "y")):
        blob = net.blobs[name].data
        blob[...] = np.random.RandomState(i).uniform(-1, 1, blob.shape)
    net.forward()


def contents(folder):
    """The datasets by name, with how they are stored; real Caffe's file is whole when its net is gone."""
    with h5py.File(str(folder / "out.h5"), "r") as file:
        return {name: (dataset.dtype, dataset.chunks, dataset[...]) for name, dataset in file.items()}


@pytest.mark.parametrize("shapes", [
    (shape(3, 2, 4, 5), shape(3)), (shape(2, 7), shape(2, 3, 1)), (shape(), shape(1, 2))])
def test_the_file_is_real_caffes(real_caffe, tmp_path, shapes):
    (tmp_path / "net.prototxt").write_text(NET.format(shapes=" ".join(shapes)))
    two_engines.on_real(real_caffe, run, tmp_path)
    theirs = contents(tmp_path)
    (tmp_path / "out.h5").write_bytes(b"what was there before")
    two_engines.on_embedded(run, tmp_path)
    ours = contents(tmp_path)
    assert list(ours) == list(theirs) == ["data", "label"]
    for name, (dtype, chunks, array) in theirs.items():
        assert ours[name][:2] == (dtype, chunks)
        np.testing.assert_array_equal(ours[name][2], array)


def test_a_second_batch_is_refused(judge):
    judge.refused(Case(NET.format(shapes=f"{shape(2)} {shape(2)}"), {"z": values(1)}, passes=2),
                  r"layer `out` \(type HDF5Output, .*\): it has written a batch into .*out.h5 already")


@pytest.mark.parametrize("shapes, message", [
    ((shape(2, 3), shape(3, 3)), r"layer `out` .*: its bottoms have 2 and 3 rows"),
    ((shape(2, 1, 1, 1, 2), shape(2)), r"a bottom has shape 2 1 1 1 2 \(4\); it takes at most four axes")])
def test_refused_shapes(judge, shapes, message):
    judge.refused(Case(NET.format(shapes=" ".join(shapes)), {"z": values(1)}), message)


def test_a_file_that_cannot_be_written_is_refused(judge):
    text = NET.format(shapes=f"{shape(2)} {shape(2)}").replace("out.h5", "none/out.h5")
    judge.refused(Case(text, {}), r"layer `out` .*: its `file_name` none/out.h5 cannot be written")


def test_the_file_is_where_the_net_was_built(tmp_path, monkeypatch):
    (tmp_path / "net.prototxt").write_text(NET.format(shapes=f"{shape(2)} {shape(2)}"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    net = Net("net.prototxt", pycaffe.TEST)
    monkeypatch.chdir(tmp_path / "elsewhere")
    net.forward()
    assert list(contents(tmp_path)) == ["data", "label"]
    with pytest.raises(InputError, match="takes no second one"):
        net.forward()
