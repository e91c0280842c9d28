"""What data layers do besides making the right batches: reading ahead, saying what is missing, their log."""

from __future__ import annotations

import sys

import datasets
import numpy as np
import pytest
import two_engines
from datasets import encoded, file_bytes, pixels, raw, write_lmdb

from cae_caffe import InputError, RunError, pycaffe
from cae_caffe.engine import captured, log
from cae_caffe.engine.layers import batches

NET = """layer { name: "d" type: "Data" top: "data" top: "label"
  transform_param { crop_size: 3 mirror: true } data_param { source: "rows" backend: LMDB batch_size: 4 } }"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory, with an LMDB `rows` of five images."""
    write_lmdb(tmp_path / "rows", [raw(pixels(2, 5, 6, seed=i), i) for i in range(5)])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def build(text=NET, phase=pycaffe.TRAIN):
    with open("net.prototxt", "w", encoding="utf-8") as stream:
        stream.write(text)
    pycaffe.set_random_seed(1)
    return pycaffe.Net("net.prototxt", phase)


def fed(net, number=6):
    found = []
    for _ in range(number):
        net.forward()
        found += [net.blobs[name].data.copy() for name in ("data", "label")]
    return found


def test_reading_ahead_changes_nothing(folder, monkeypatch):
    plain = fed(build())
    monkeypatch.setattr(batches, "MANY_VALUES", 1)
    net = build()
    ahead = fed(net)
    assert net._engine.layers[0]._next is not None          # it did read ahead
    for one, other in zip(plain, ahead):
        np.testing.assert_array_equal(one, other)


def test_an_error_while_reading_ahead_arrives_in_its_turn(folder):
    picture = file_bytes(pixels(5, 6, 3))
    write_lmdb(folder / "pictures", [encoded(picture), encoded(picture), encoded(b"damaged"), encoded(picture)])
    net = build(NET.replace("rows", "pictures").replace("batch_size: 4", "batch_size: 2"))
    net.forward()
    for _ in range(2):
        with pytest.raises(InputError, match="Record `00000002` of the LMDB pictures holds no image that Pillow can"):
            net.forward()


def test_relative_paths_stay_where_the_net_was_built(folder, monkeypatch):
    for i in range(2):
        (folder / f"{i}.png").write_bytes(file_bytes(pixels(4, 4, 3, seed=i)))
    (folder / "list").write_text("0.png 0\n1.png 1\n")
    net = build('layer { name: "d" type: "ImageData" top: "data" top: "label" image_data_param { source: "list" } }')
    monkeypatch.chdir(folder.parent)
    assert [float(label[0]) for label in fed(net, 3)[1::2]] == [0, 1, 0]


def test_the_log_tells_size_and_restarts(folder, capsys, monkeypatch):
    monkeypatch.setattr(log, "_minimum", 0)
    net = build()
    said = [line.split("] ")[1] for line in capsys.readouterr().err.splitlines() if "] " in line]
    place = said.index("Opened lmdb rows")
    assert said[place - 1:place + 2] == ["Creating layer d", "Opened lmdb rows", "Creating Layer d"]
    assert "output data size: 4,2,3,3" in said
    fed(net, 5)
    restarts = [line for line in capsys.readouterr().err.splitlines() if "data_layer.cpp:73] Restarting data" in line]
    assert len(restarts) == 4                               # twenty images of five


def test_nets_share_a_database_and_are_not_disturbed_by_a_new_one(folder):
    first, second = build(), build(NET.replace('"rows"', f'"../{folder.name}/rows"'))
    fed(first, 1)
    (folder / "rows" / "data.mdb").unlink()
    (folder / "rows" / "lock.mdb").unlink()
    write_lmdb(folder / "rows", [raw(pixels(2, 5, 6, seed=i), 10 + i) for i in range(5)])
    third = build()
    labels = [[int(value) for value in fed(net, 2)[3]] for net in (first, second, third)]
    assert labels == [[3, 4, 0, 1], [4, 0, 1, 2], [14, 10, 11, 12]]


def test_a_database_that_cannot_be_written_is_read(folder):
    (folder / "rows" / "lock.mdb").unlink()
    (folder / "rows" / "data.mdb").chmod(0o444)
    (folder / "rows").chmod(0o555)
    try:
        assert fed(build(), 1)[1].tolist() == [0, 1, 2, 3]
    finally:
        (folder / "rows").chmod(0o755)


def test_a_database_of_the_other_kind_is_told(folder):
    datasets.plyvel()
    with pytest.raises(InputError, match=r"layer `d` \(type Data, net.prototxt:1\): rows is no LevelDB, Caffe's "
                                         "default `backend`, but an LMDB; write `backend: LMDB`"):
        build(NET.replace("backend: LMDB", ""))
    datasets.write_leveldb(folder / "level", [raw(pixels(2, 5, 6))])
    with pytest.raises(InputError, match="level is no LMDB but a LevelDB; write `backend: LEVELDB`"):
        build(NET.replace("rows", "level"))


@pytest.mark.parametrize("backend", ["LMDB", "LEVELDB"])
def test_a_missing_source_is_told(folder, backend):
    """Even where the working directory is a database."""
    with pytest.raises(InputError, match=r"layer `d` .*: it has no `source`, which says where its data are"):
        build(NET.replace('source: "rows"', "").replace("LMDB", backend))


def test_an_empty_database_is_refused(folder):
    write_lmdb(folder / "empty", [])
    with pytest.raises(InputError, match=r"layer `d` .*: the LMDB empty is empty"):
        build(NET.replace("rows", "empty"))


def test_a_record_that_is_no_datum_is_refused(folder):
    write_lmdb(folder / "other", [b"\xff\xff no datum"])
    with pytest.raises(InputError, match="Record `00000000` of the LMDB other is no Datum"):
        build(NET.replace("rows", "other"))


def test_a_datum_of_too_few_values_is_refused(folder):
    short = raw(pixels(2, 5, 6))
    short.data = short.data[:59]
    write_lmdb(folder / "short", [short])
    with pytest.raises(InputError, match="is a Datum of 2x5x6 with 59 values; it must have 60"):
        build(NET.replace("rows", "short"))


def test_the_package_that_reads_leveldb_is_named_where_it_is_missing(folder, monkeypatch):
    for package in ("plyvel", "plyvel_next"):
        monkeypatch.setitem(sys.modules, package, None)         # its import fails
    with pytest.raises(RunError, match=r"A LevelDB, Caffe's default `backend`, .*pip install \"cae-caffe\[leveldb\]\""):
        build(NET.replace("backend: LMDB", ""))


@pytest.mark.parametrize("package, remedy", [("lmdb", r'pip install "cae-caffe\[lmdb\]"'),
                                             ("PIL", r'pip install "cae-caffe\[images\]"')])
def test_a_missing_package_is_named(folder, monkeypatch, package, remedy):
    write_lmdb(folder / "pictures", [encoded(file_bytes(pixels(5, 6, 3)))])
    monkeypatch.setitem(sys.modules, package, None)         # its import fails
    with pytest.raises(RunError, match=remedy):
        build(NET.replace("rows", "pictures"))


def test_data_layers_do_not_keep_a_step_from_being_recorded(folder, monkeypatch):
    net = build()._engine
    monkeypatch.setattr(net, "device", type("Device", (), {"type": "cuda"}))
    assert captured.is_capturable(net)


TRAINED = """
layer { name: "d" type: "Data" top: "data" top: "label" include { phase: TRAIN }
  transform_param { crop_size: 3 mirror: true scale: 0.01 } data_param { source: "rows" backend: LMDB batch_size: 3 } }
layer { name: "d" type: "Data" top: "data" top: "label" include { phase: TEST }
  transform_param { crop_size: 3 scale: 0.01 } data_param { source: "rows" backend: LMDB batch_size: 4 } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 8 weight_filler { type: "gaussian" std: 0.5 } } }
layer { name: "drop" type: "Dropout" bottom: "ip" top: "ip" }
layer { name: "out" type: "InnerProduct" bottom: "ip" top: "out"
  inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "out" bottom: "label" top: "loss" }
"""
SOLVER = """net: "net.prototxt" base_lr: 0.1 momentum: 0.9 lr_policy: "fixed" max_iter: 20 display: 0 random_seed: 4
test_iter: 2 test_interval: 5 snapshot_after_train: false """


def trained(caffe):
    """Losses along the way, and the weights at the end."""
    solver = caffe.get_solver("solver.prototxt")
    losses = []
    for _ in range(20):
        solver.step(1)
        losses.append(float(solver.net.blobs["loss"].data))
    return [np.array(losses)] + [blob.data.copy() for blobs in solver.net.params.values() for blob in blobs]


def test_training_goes_as_in_real_caffe(folder, real_caffe):
    """Two data layers, fillers, crops, mirrors and dropout masks, all from the one seed."""
    (folder / "net.prototxt").write_text(TRAINED)
    (folder / "solver.prototxt").write_text(SOLVER)
    for theirs, ours in zip(*two_engines.on_both(real_caffe, trained, folder)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)      # float32 sums in another order, 20 times
