"""Measures of a trained net's codes: on both engines, against their definitions, kept in a run's folder."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
import small_autoencoder
from small_autoencoder import DEPLOY, SHAPES

from cae_caffe import InputError, load_backend, schema
from cae_caffe.analysis.separation import separation
from cae_caffe.reproduction.measures import codes

ROWS = 60
PARTS = {"test_first_5000": slice(25), "test_last_5000": slice(-25, None)}
# The small auto-encoder with a code of two numbers, which is its own picture.
PLANE = DEPLOY.replace("num_output: 4", "num_output: 2")
PLANE_SHAPES = {**SHAPES, "squeeze": [(2, 36), (2,)], "expand": [(8, 2), (8,)]}
LOSSES = """
layer { name: "ce" type: "SigmoidCrossEntropyLoss" bottom: "deconv1" bottom: "data" top: "ce" }
layer { name: "l2" type: "EuclideanLoss" bottom: "deconv1sig" bottom: "data" top: "l2" }
"""
KEYS = {"picture", "classes", "separated", "purity", "knn", "linear", "trustworthiness", "silhouette",
        "test_first_5000", "test_last_5000", "how"}

MEASURE = """
def main(folder):
    import os
    os.chdir(folder)
    import caffe
    from cae_caffe.reproduction.measures import codes
    codes.PARTS = {'test_first_5000': slice(25), 'test_last_5000': slice(-25, None)}
    return codes.measure(caffe, "deploy.prototxt", "small.caffemodel", "images.txt", "images.txt", "picture.npz")
"""


def write_net(folder, text=DEPLOY, shapes=SHAPES, labels=None):
    """deploy.prototxt, small.caffemodel and images.txt of three classes, brighter one by one, in `folder`."""
    (folder / "deploy.prototxt").write_text(text)
    small_autoencoder.write_weights(folder / "small.caffemodel", shapes)
    images = small_autoencoder.write_images(folder, ROWS, labels=np.arange(ROWS) % 3 if labels is None else labels)
    images = images * 0.3 + 0.35 * (np.arange(ROWS) % 3)[:, None, None, None]
    with h5py.File(str(folder / "images.h5"), "r+") as file:
        file["data"][...] = images
    return images.astype(np.float32)


@pytest.fixture
def torch_engine(monkeypatch):
    pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
    monkeypatch.setenv("GLOG_minloglevel", "1")
    return load_backend("torch")


def measure(engine, folder, **options):
    return codes.measure(engine, folder / "deploy.prototxt", folder / "small.caffemodel", folder / "images.txt",
                            folder / "images.txt", **options)


def test_codes_of_two_numbers_are_their_own_picture(torch_engine, tmp_path):
    write_net(tmp_path, PLANE, PLANE_SHAPES)
    found = measure(torch_engine, tmp_path, picture=tmp_path / "picture.npz")
    assert set(found) == KEYS and found["picture"] == "codes"
    picture = np.load(tmp_path / "picture.npz")
    assert picture["points"].dtype == np.float16 and picture["points"].shape == (ROWS, 2)
    assert picture["labels"].dtype == np.uint8 and picture["rows"].tolist() == list(range(ROWS))
    # The picture that is kept is the one that was measured, but for its rounding.
    again = separation(picture["points"], picture["labels"])
    assert found["classes"] == again.count == sum(found["separated"])
    np.testing.assert_allclose(found["purity"], again.purity, atol=0.05)
    assert found["knn"] > 0.9 and found["linear"] > 0.9 and found["silhouette"] > 0.2
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("factor, offset, kept", [(1, 0, np.float16), (1e5, 0, np.float32), (0.01, 100, np.float32)])
def test_a_picture_is_kept_in_few_digits_unless_that_moves_its_points(tmp_path, factor, offset, kept):
    points = (np.random.RandomState(1).normal(size=(20, 2)) * factor + offset).astype(np.float32)
    codes._write_picture(tmp_path / "picture.npz", points, np.arange(20), np.arange(20))
    found = np.load(tmp_path / "picture.npz")["points"]
    assert found.dtype == kept
    np.testing.assert_allclose(found, points, atol=0.002 * np.ptp(points, axis=0).max())


@pytest.mark.parametrize("text, shapes", [(PLANE, PLANE_SHAPES), (DEPLOY, SHAPES)])
def test_codes_that_are_all_the_same_are_measured_too(torch_engine, tmp_path, text, shapes):
    write_net(tmp_path, text, shapes)
    weights = schema.read_weights(tmp_path / "small.caffemodel")
    squeeze = next(layer for layer in weights.layer if layer.name == "squeeze")
    squeeze.blobs[0].data[:] = [0] * len(squeeze.blobs[0].data)
    schema.write_binary(weights, tmp_path / "small.caffemodel")
    found = measure(torch_engine, tmp_path, picture=tmp_path / "picture.npz")
    assert found["classes"] == 0 and found["silhouette"] == 0 and found["linear"] == 0.3333


def test_longer_codes_are_measured_on_their_t_sne(torch_engine, tmp_path, monkeypatch):
    write_net(tmp_path)
    monkeypatch.setattr(codes, "QUADRATIC_LIMIT", 40)
    found = measure(torch_engine, tmp_path, picture=tmp_path / "picture.npz", picture_limit=50)
    picture = np.load(tmp_path / "picture.npz")
    assert found["picture"] == "t-SNE" and picture["points"].shape == (50, 2)
    np.testing.assert_array_equal(picture["labels"], picture["rows"] % 3)
    assert found == measure(torch_engine, tmp_path, picture_limit=50)


def test_classifiers_learn_from_so_many_training_images(torch_engine, tmp_path, monkeypatch):
    write_net(tmp_path, PLANE, PLANE_SHAPES)
    sizes = []
    knn = codes.merit.knn_accuracy
    monkeypatch.setattr(codes.merit, "knn_accuracy",
                        lambda train, *others: sizes.append(len(train)) or knn(train, *others))
    limited = measure(torch_engine, tmp_path, train_limit=40)
    whole = measure(torch_engine, tmp_path)
    assert sizes[0] == 40 < sizes[1]
    assert limited["how"] == {**whole["how"], "train_limit": 40}
    assert limited["classes"] == whole["classes"] and limited["trustworthiness"] == whole["trustworthiness"]


def test_losses_of_parts_are_those_of_the_loss_layers(torch_engine, tmp_path, monkeypatch):
    images = write_net(tmp_path)
    monkeypatch.setattr(codes, "PARTS", PARTS)
    found = measure(torch_engine, tmp_path)
    (tmp_path / "losses.prototxt").write_text(DEPLOY + LOSSES)
    net = torch_engine.Net(str(tmp_path / "losses.prototxt"), torch_engine.TEST,
                           weights=str(tmp_path / "small.caffemodel"))
    for part, rows in (("test_first_5000", images[:25]), ("test_last_5000", images[-25:])):
        net.blobs["data"].reshape(*rows.shape)
        net.blobs["data"].data[...] = rows
        net.forward()
        # Rounded to four digits behind the point; the layers add up in float32.
        assert found[part] == {"cross_entropy_loss": pytest.approx(float(net.blobs["ce"].data), rel=2e-5),
                               "l2_error": pytest.approx(float(net.blobs["l2"].data), rel=1e-4)}
    assert found["test_first_5000"] != found["test_last_5000"]


def test_a_net_that_does_not_end_in_a_sigmoid_has_no_losses(torch_engine, tmp_path):
    write_net(tmp_path, PLANE.split('layer { name: "deconv1sig"')[0], PLANE_SHAPES)
    found = measure(torch_engine, tmp_path)
    assert found["test_first_5000"] is found["test_last_5000"] is None


@pytest.mark.parametrize("text, shapes", [(PLANE, PLANE_SHAPES), (DEPLOY, SHAPES)])
def test_real_caffe_and_an_older_scikit_learn_measure_the_same(torch_engine, real_caffe, tmp_path, monkeypatch, text,
                                                               shapes):
    write_net(tmp_path, text, shapes)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(codes, "PARTS", PARTS)
    ours, real = measure(torch_engine, tmp_path), real_caffe(MEASURE, folder=str(tmp_path))
    assert set(ours) == set(real)
    for key in ("picture", "classes", "separated", "knn", "linear"):
        assert ours[key] == real[key]
    np.testing.assert_allclose(ours["purity"], real["purity"], atol=0.05)
    # Neighbours at nearly equal distances change places by float32 rounding.
    assert [ours[key] for key in ("silhouette", "trustworthiness")] == pytest.approx(
        [real[key] for key in ("silhouette", "trustworthiness")], abs=0.02)
    assert ours["test_last_5000"] == pytest.approx(real["test_last_5000"], rel=1e-4)


def test_a_net_that_diverged_separates_nothing(torch_engine, tmp_path):
    write_net(tmp_path)
    weights = schema.read_weights(tmp_path / "small.caffemodel")
    weights.layer[0].blobs[1].data[0] = float("nan")
    schema.write_binary(weights, tmp_path / "small.caffemodel")
    found = measure(torch_engine, tmp_path, picture=tmp_path / "picture.npz")
    assert set(found) == KEYS and not (tmp_path / "picture.npz").exists()
    assert (found["classes"], found["separated"], found["purity"]) == (0, [False] * 3, [0.0] * 3)
    assert found["knn"] is found["linear"] is found["silhouette"] is found["trustworthiness"] is None
    assert found["test_first_5000"] == {"cross_entropy_loss": None, "l2_error": None}


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    """The folder of a run that has finished, with what `measured` looks for beside it."""
    monkeypatch.chdir(tmp_path)
    folder, prototxt = tmp_path / "m-seed3", tmp_path / "prototxt" / "m"
    folder.mkdir()
    prototxt.mkdir(parents=True)
    write_net(tmp_path, PLANE, PLANE_SHAPES)
    (tmp_path / "deploy.prototxt").rename(prototxt / "deploy.prototxt")
    (tmp_path / "small.caffemodel").rename(folder / "m_iter_10.caffemodel")
    (folder / "result.json").write_text(json.dumps({"model": "m", "seed": 3, "iterations": 10}))
    return folder


def test_a_run_is_measured_once(torch_engine, run_folder, monkeypatch):
    assert not codes.up_to_date(run_folder)
    found = codes.measured(run_folder, "torch", "images.txt", "images.txt")
    assert (found["model"], found["seed"], found["iterations"]) == ("m", 3, 10)
    assert json.loads((run_folder / "measures.json").read_text()) == found
    assert sorted(path.name for path in run_folder.iterdir()) == [
        "m_iter_10.caffemodel", "measures.json", "picture.npz", "result.json"]
    (run_folder / "m_iter_10.caffemodel").unlink()
    assert codes.measured(run_folder, "torch", "images.txt", "images.txt") == found
    assert codes.up_to_date(run_folder) and not codes.up_to_date(run_folder, picture_limit=100)
    # Measures of another length of the run, or by other constants, do not count.
    (run_folder / "result.json").write_text(json.dumps({"model": "m", "seed": 3, "iterations": 20}))
    with pytest.raises(InputError, match=r"m_iter_20.caffemodel: the run's weights are gone"):
        codes.measured(run_folder, "torch", "images.txt", "images.txt")
    assert not codes.up_to_date(run_folder)


def test_a_folder_without_a_finished_run_is_told(tmp_path):
    with pytest.raises(InputError, match=r"no result.json in this folder"):
        codes.measured(tmp_path)


def test_too_few_images_are_told(torch_engine, tmp_path):
    write_net(tmp_path)
    small_autoencoder.write_images(tmp_path)
    with pytest.raises(InputError, match=r"images.txt: 6 images are too few to measure their codes; give 31"):
        measure(torch_engine, tmp_path)
    with pytest.raises(InputError, match="A picture of 30 codes is too small"):
        measure(torch_engine, tmp_path, picture_limit=30)


def test_images_without_labels_are_told(torch_engine, tmp_path):
    write_net(tmp_path)
    with h5py.File(str(tmp_path / "images.h5"), "r+") as file:
        del file["label"]
    with pytest.raises(InputError, match="no `label` for each image"):
        measure(torch_engine, tmp_path)
