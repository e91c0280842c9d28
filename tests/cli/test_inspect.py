"""`cae-caffe inspect`: what it lists of every kind of file, its verdict and its exit status."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import numpy as np
import pytest

from cae_caffe import schema
from cae_caffe.cli.main import main

VALUES = np.array([[1, -2, 3], [4, 5.5, -6]], np.float32)


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def blob(values, **fields):
    return schema.BlobProto(shape={"dim": values.shape}, data=values.ravel().tolist(), **fields)


@pytest.fixture
def inspected(capsys):
    """Runs the command on a message or a file; returns the exit status, the verdict, the rows, and the totals."""
    def run(content, name="w.caffemodel"):
        if content is not None:
            schema.write_binary(content, name)
        status = main(["inspect", name])
        out, err = capsys.readouterr()
        if status == 2:
            return status, err
        said, table, totals = out.split("\n\n")
        heading, rule, *lines = table.splitlines()
        starts = [match.start() for match in re.finditer("-+", rule)]
        cells = [[line[a:b].strip() for a, b in zip(starts, [*starts[1:], None])] for line in (heading, *lines)]
        return status, said.splitlines(), [dict(zip(cells[0], row)) for row in cells[1:]], totals.strip()
    return run


def net():
    found = schema.NetParameter(name="n")
    found.layer.add(name="conv", type="Convolution").blobs.extend([blob(VALUES), blob(np.zeros(2))])
    found.layer.add(name="relu", type="ReLU")
    found.layer.add(name="ip", type="InnerProduct").blobs.add(
        shape={"dim": [2]}, raw_data_type=2, raw_data=np.array([0.5, 1], "<f2").tobytes())
    found.layer.add(name="scale", type="Scale").blobs.add(shape={"dim": [1]}, double_data=[0.1])
    return found


def test_every_layer_and_blob_is_listed(inspected):
    status, said, rows, totals = inspected(net())
    assert status == 0
    assert said == ["w.caffemodel: no NaN, no infinity.", "All values are 0 in 1 blob: blob 1 of `conv`."]
    assert rows[0] == {"layer": "conv", "type": "Convolution", "blob": "0", "shape": "2x3", "stored as": "float32",
                       "values": "6", "min": "-6", "max": "5.5", "mean": f"{VALUES.mean():.4g}",
                       "std": f"{VALUES.std():.4g}", "NaN": "", "inf": ""}
    assert [(row["layer"], row["blob"], row["stored as"]) for row in rows[1:]] == [
        ("conv", "1", "float32"), ("relu", "", ""), ("ip", "0", "float16"), ("scale", "0", "float64")]
    assert (rows[3]["min"], rows[3]["max"], rows[4]["mean"]) == ("0.5", "1", "0.1")
    assert totals == ("The file holds weights: 4 layers, 3 of them with blobs; 4 blobs (2 as float32, 1 as float16, "
                      "1 as float64) of 11 values, 44 bytes.")


def test_nan_and_infinity_are_the_verdict(inspected):
    broken = net()
    broken.layer[0].blobs[0].data[:3] = [float("nan"), float("inf"), float("nan")]
    broken.layer[3].blobs[0].double_data[0] = float("-inf")
    status, said, rows, _ = inspected(broken)
    assert status == 1
    assert said[0] == "w.caffemodel: 2 NaN and 2 infinite of 11 values, in 2 layers: `conv`, `scale`."
    assert (rows[0]["NaN"], rows[0]["inf"], rows[0]["min"], rows[0]["max"]) == ("2", "1", "-6", "5.5")
    assert (rows[4]["NaN"], rows[4]["inf"], rows[4]["min"], rows[4]["std"]) == ("", "1", "-", "-")


def test_types_of_older_files_are_todays_and_forks_numbers_are_none(inspected):
    old = schema.NetParameter()
    old.layers.add(name="conv", type=4).blobs.add(num=1, channels=1, height=2, width=3, data=VALUES.ravel().tolist())
    old.layers.add(name="relu", type="RELU")
    strange = schema.V1LayerParameter(name="strange")
    strange.MergeFromString(b"\x28\x7b")        # the type 123, which Caffe 1.0 has not
    old.layers.append(strange)
    old.layers.add().layer.CopyFrom(schema.V0LayerParameter(name="ip", type="innerproduct"))
    _, _, rows, _ = inspected(old)
    assert [(row["layer"], row["type"]) for row in rows] == [
        ("conv", "Convolution"), ("relu", "ReLU"), ("strange", ""), ("ip", "InnerProduct")]
    assert rows[0]["shape"] == "1x1x2x3"


def test_what_forks_number_otherwise_is_not_looked_at(inspected):
    layer = schema.LayerParameter(name="a", type="Strange")
    layer.blobs.append(blob(VALUES))
    content = layer.SerializeToString()
    for number in (106, 137, 147):      # Convolution's, InfogainLoss's and many forks': what follows is no message
        content += bytes([(number << 3 | 2) & 0x7F | 0x80, (number << 3 | 2) >> 7, 3]) + b"\xff\xff\xff"
    Path("fork.caffemodel").write_bytes(b"\xa2\x06" + bytes([len(content)]) + content)
    status, _, rows, _ = inspected(None, "fork.caffemodel")
    assert status == 0 and (rows[0]["type"], rows[0]["values"]) == ("Strange", "6")


def test_weights_and_states_in_hdf5_are_told_by_content(inspected):
    with h5py.File("w.caffemodel", "w") as file:
        for i in range(11):
            file[f"data/conv/{i}"] = VALUES * i
        file.create_group("data/relu")
    status, said, rows, totals = inspected(None)
    assert status == 0 and [row["blob"] for row in rows] == [*map(str, range(11)), ""]
    assert rows[10]["max"] == "55" and said[1] == "All values are 0 in 1 blob: blob 0 of `conv`."
    assert totals.startswith("The file holds weights: 2 layers, 1 of them with blobs; 11 blobs of 66 values, 264 bytes")
    with h5py.File("s.h5", "w") as file:
        file["iter"], file["history/0"] = 3, VALUES
    assert inspected(None, "s.h5")[3] == "The file holds a solver's state: 1 blob of 6 values, 24 bytes."
    with h5py.File("images.h5", "w") as file:
        file["data"] = VALUES
    assert re.search("images.h5: this HDF5 file has neither the group `data` .* give a .caffemodel",
                     inspected(None, "images.h5")[1])


@pytest.mark.parametrize("shape", [{"num": 1, "channels": 1, "height": 2, "width": 3}, {"shape": {"dim": [2, 3]}}])
def test_a_mean_is_one_blob(shape, inspected):
    mean = schema.BlobProto(data=VALUES.ravel().tolist(), **shape)
    status, _, rows, totals = inspected(mean, "mean.binaryproto")
    assert status == 0 and len(rows) == 1 and rows[0]["layer"] == "mean" and rows[0]["min"] == "-6"
    assert totals == "The file holds one blob, such as a mean: 1 blob of 6 values, 24 bytes."


def test_a_solvers_state_is_its_history(inspected):
    state = schema.SolverState(iter=7, learned_net="w.caffemodel", history=[blob(VALUES), blob(np.array([np.nan]))])
    status, said, rows, totals = inspected(state, "s.solverstate")
    assert status == 1 and said[0] == "s.solverstate: 1 NaN and 0 infinite of 7 values, in 1 layer: `history`."
    assert [row["blob"] for row in rows] == ["0", "1"] and totals.startswith("The file holds a solver's state: 2 blobs")


def test_other_files_are_refused(inspected):
    Path("net.prototxt").write_text('name: "n"\n')
    np.save("w.npy", VALUES)
    Path("w.pth").write_bytes(b"PK\x03\x04" + bytes(range(256)))
    assert "net.prototxt: this is a text, which holds no weights; give" in inspected(None, "net.prototxt")[1]
    Path("page.caffemodel").write_text("<!DOCTYPE html>\n")
    assert "page.caffemodel: this is a text, which holds no weights (it seems to be a web page" in inspected(
        None, "page.caffemodel")[1]
    assert "w.npy: this is not a whole NetParameter in Caffe's binary format (it seems to be an array of NumPy's" in \
        inspected(None, "w.npy")[1]
    assert "a zip file, as PyTorch's weights and NumPy's .npz are; `cae-caffe import-torch`" in inspected(
        None, "w.pth")[1]
    assert "none: there is no such file" in inspected(None, "none")[1]
    assert "no layers, so it has no weights" in inspected(schema.NetParameter(name="n"))[1]


def test_damaged_blobs_are_refused_by_layer_and_number(inspected):
    short = net()
    del short.layer[0].blobs[1].data[:1]
    assert re.search("w.caffemodel: blob 1 of layer `conv` holds 1 values, and its shape 2 has another",
                     inspected(short)[1])
    short = net()
    short.layer[2].blobs[0].raw_data = b"abc"
    assert "w.caffemodel: blob 0 of layer `ip` holds 3 bytes as `raw_data`, which are no whole" in inspected(short)[1]


def test_many_values_are_summed_up_in_pieces(inspected):
    values = np.random.RandomState(0).normal(3, 2, (1 << 20) + 77).astype(np.float32)
    found = schema.NetParameter()
    found.layer.add(name="a").blobs.append(schema.BlobProto(
        shape={"dim": [values.size]}, raw_data_type=1, raw_data=values.tobytes()))
    _, _, rows, _ = inspected(found)
    expected = values.astype(np.float64)
    assert (rows[0]["mean"], rows[0]["std"]) == (f"{expected.mean():.4g}", f"{expected.std():.4g}")
    assert (rows[0]["min"], rows[0]["max"]) == (f"{values.min():.4g}", f"{values.max():.4g}")
