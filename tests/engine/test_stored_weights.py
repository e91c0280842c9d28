"""Weights in files: each engine loads the other's, also those of 2014, and refuses what does not fit."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import small_training
import two_engines
from small_training import parameters

from cae_caffe import pycaffe, schema
from cae_caffe.engine import log
from cae_caffe.errors import InputError


def save(caffe, name, hdf5):
    caffe.set_random_seed(5)
    net = caffe.Net("net.prototxt", caffe.TRAIN)
    (net.save_hdf5 if hdf5 else net.save)(name)


def load(caffe, name, by):
    """Load weights into a net that has others, in one of pycaffe's ways; what it computes then."""
    caffe.set_random_seed(6)
    if by == "constructor":
        net = caffe.Net("net.prototxt", caffe.TRAIN, weights=name)
    elif by == "old constructor":
        net = caffe.Net("net.prototxt", name, caffe.TRAIN)
    else:
        net = caffe.Net("net.prototxt", caffe.TRAIN)
        getattr(net, by)(name)
    net.forward()
    return parameters(net), net.blobs["decodesig"].data.copy()


@pytest.mark.parametrize("name, by", [("w.caffemodel", "copy_from"), ("w.caffemodel", "constructor"),
                                      ("w.caffemodel", "old constructor"), ("w.h5", "load_hdf5"), ("w.h5", "copy_from"),
                                      ("w.h5", "constructor"), ("hdf5.caffemodel", "copy_from")])
@pytest.mark.parametrize("writer", ["real", "embedded"])
def test_weights_of_either_engine_load_in_the_other(writer, name, by, real_caffe, tmp_path):
    small_training.write(tmp_path)
    arguments = {"name": name, "hdf5": "h" in name.split(".caffemodel")[0]}
    if writer == "real":
        two_engines.on_real(real_caffe, save, tmp_path, **arguments)
    else:
        two_engines.on_embedded(save, tmp_path, **arguments)
    real, embedded = two_engines.on_both(real_caffe, load, tmp_path, uses=[parameters], name=name, by=by)
    small_training.assert_close(embedded[0], real[0], 0)
    # The products of one row, summed in another order.
    small_training.assert_close([embedded[1]], [real[1]], 1e-6)


def _old_weights(path, blobs, v1=True):
    """Weights as the Caffe of 2014 wrote them: V1 layers, and blobs with four lengths in place of a shape."""
    net = schema.NetParameter()
    random = np.random.RandomState(3)
    for name, shapes in blobs.items():
        layer = net.layers.add(name=name) if v1 else net.layer.add(name=name)
        for shape in shapes:
            four = (1,) * (4 - len(shape)) + shape
            layer.blobs.add(num=four[0], channels=four[1], height=four[2], width=four[3],
                            data=random.uniform(-1, 1, shape).astype(np.float32).ravel())
    schema.write_binary(net, path)


@pytest.mark.parametrize("v1", [True, False])
def test_blobs_of_four_legacy_lengths_fit(v1, real_caffe, tmp_path):
    small_training.write(tmp_path)
    _old_weights(tmp_path / "old.caffemodel", {"encode": [(6, 12), (6,)], "decode": [(12, 6), (12,)]}, v1)
    real, embedded = two_engines.on_both(real_caffe, load, tmp_path, uses=[parameters], name="old.caffemodel",
                                         by="copy_from")
    small_training.assert_close(embedded[0], real[0], 0)
    assert embedded[0][0][0].shape == (6, 12) and embedded[0][0][0].any()


def test_double_values_in_weights_are_rounded(real_caffe, tmp_path):
    small_training.write(tmp_path)
    two_engines.on_embedded(save, tmp_path, name="w.caffemodel", hdf5=False)
    net = schema.read_weights(tmp_path / "w.caffemodel")
    for layer in net.layer:
        for blob in layer.blobs:
            blob.double_data.extend(value / 3 for value in blob.data)
            del blob.data[:]
    schema.write_binary(net, tmp_path / "doubles.caffemodel")
    real, embedded = two_engines.on_both(real_caffe, load, tmp_path, uses=[parameters], name="doubles.caffemodel",
                                         by="copy_from")
    small_training.assert_close(embedded[0], real[0], 0)


@pytest.fixture
def net(tmp_path, monkeypatch):
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    monkeypatch.chdir(tmp_path)
    small_training.write(tmp_path)
    return pycaffe.Net("net.prototxt", pycaffe.TRAIN)


def test_weights_of_another_shape_are_refused(net, tmp_path):
    _old_weights(tmp_path / "old.caffemodel", {"encode": [(7, 12), (7,)]})
    with pytest.raises(InputError, match=r"Parameter 0 of layer `encode` has shape 6 12 \(72\), and the weights of "
                                         "old.caffemodel hold 1 1 7 12"):
        net.copy_from("old.caffemodel")
    with h5py.File("w.h5", "w") as file:
        file["data/encode/0"], file["data/encode/1"] = np.zeros((7, 12)), np.zeros(7)
    with pytest.raises(InputError, match=r"w.h5: parameter 0 of layer `encode` has shape 7 12 \(84\) there, and "
                                         r"6 12 \(72\)"):
        net.load_hdf5("w.h5")


def test_weights_of_another_number_are_refused(net, tmp_path):
    _old_weights(tmp_path / "old.caffemodel", {"encode": [(6, 12)]})
    with pytest.raises(InputError, match=r"`encode` has 2 parameter blob\(s\), and the weights of old.caffe.* hold 1"):
        net.copy_from("old.caffemodel")
    with h5py.File("w.h5", "w") as file:
        file["data/encode/0"] = np.zeros((6, 12))
    with pytest.raises(InputError, match=r"w.h5: layer `encode` has 1 parameter\(s\) there, and 2 in the net"):
        net.copy_from("w.h5")


def test_hdf5_without_weights_is_refused(net, tmp_path):
    with pytest.raises(InputError, match=r"train\.h5: the file has no group `data`, so it does not hold a net's "
                                         "weights"):
        net.copy_from("train.h5")
    with pytest.raises(InputError, match=r"none\.h5: there is no such file"):
        net.load_hdf5("none.h5")


def test_layers_that_the_net_does_not_have_are_passed_over(net, tmp_path):
    before = parameters(net)
    _old_weights(tmp_path / "old.caffemodel", {"strange": [(6, 12)], "decode": [(12, 6), (12,)]})
    net.copy_from("old.caffemodel")
    with h5py.File("w.h5", "w") as file:
        file["data/strange/0"] = np.zeros(3)
    net.copy_from("w.h5")
    after = parameters(net)
    small_training.assert_close(after[0], before[0], 0)
    assert (after[1][0] != before[1][0]).any()
