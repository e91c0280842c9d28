"""Small nets as SSD300 and MobileNet-SSD: they learn to find boxes, and OpenCV 4 finds the same with their weights."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")

import ssd_nets
from datasets import annotated, encoded, file_bytes, write_lmdb
from fork_training import fell, trained
from leaving import leaves

from cae_caffe import pycaffe
from cae_caffe.engine import log
from cae_caffe.engine.layers.forks.boxes import overlaps
from cae_caffe.engine.solvers.solver import Solver

IMAGES = 4


@pytest.fixture(scope="module", params=ssd_nets.KINDS)
def learned(request, tmp_path_factory):
    """Of each kind of net: its losses, and the paths of its deploy prototxt and its weights."""
    folder = tmp_path_factory.mktemp("ssd")
    data, label = ssd_nets.images(IMAGES)
    solver, losses = trained(folder, ssd_nets.net(request.param, IMAGES, label.shape[2]),
                             {"data": data, "label": label}, 80)
    solver.net.save(str(folder / "net.caffemodel"))
    (folder / "deploy.prototxt").write_text(ssd_nets.net(request.param, 1))
    return losses, str(folder / "deploy.prototxt"), str(folder / "net.caffemodel")


def test_the_loss_falls(learned):
    assert fell(learned[0], to=0.2)


def test_boxes_are_found(learned):
    _, deploy, weights = learned
    net = pycaffe.Net(deploy, pycaffe.TEST, weights=weights)
    data, label = ssd_nets.images(IMAGES)
    net.blobs["data"].reshape(*data.shape)
    net.blobs["data"].data[...] = data

    rows = net.forward()["detection_out"].reshape(-1, 7)

    for image, truth, _, *box, _ in label.reshape(-1, 8):
        mine = rows[(rows[:, 0] == image) & (rows[:, 1] == truth) & (rows[:, 2] > 0.5)]
        shared = overlaps(mine[:, 3:7], np.float32([box]))
        assert shared.size and shared.max() > 0.5


def test_opencv_finds_the_same_boxes(learned):
    cv2 = pytest.importorskip("cv2", reason="OpenCV 4 is not here: pip install 'opencv-python-headless<5'")
    _, deploy, weights = learned
    net, opencv = pycaffe.Net(deploy, pycaffe.TEST, weights=weights), cv2.dnn.readNetFromCaffe(deploy, weights)
    for image in ssd_nets.images(IMAGES)[0]:
        net.blobs["data"].data[0] = image
        opencv.setInput(image[None], "data")

        ours, theirs = (top.reshape(-1, 7) for top in (net.forward()["detection_out"], opencv.forward("detection_out")))

        theirs = theirs[theirs[:, 2] > 0]
        assert len(ours) == len(theirs) > 1
        np.testing.assert_allclose(ours[np.argsort(-ours[:, 2])], theirs, atol=1e-4)


def test_they_leave_as_onnx_and_find_the_same_boxes(learned):
    _, deploy, weights = learned
    net, images = pycaffe.Net(deploy, pycaffe.TEST, weights=weights), ssd_nets.images(IMAGES)[0]
    for number in (1, 3):
        leaves(net, given={"data": images[:number]})


def test_a_solver_trains_from_a_database_and_tells_the_average_precision(tmp_path, monkeypatch):
    """As SSD's own scripts do it: AnnotatedData, MultiBoxLoss, DetectionEvaluate, `eval_type: "detection"`."""
    monkeypatch.chdir(tmp_path)
    data, label = ssd_nets.images(4)
    pictures = np.clip(data.transpose(0, 2, 3, 1) * 120 + 40, 0, 255).astype(np.uint8)
    rows = label.reshape(4, 2, 8)
    write_lmdb(tmp_path / "records", [
        annotated(encoded(file_bytes(np.ascontiguousarray(picture[..., ::-1]))),
                  [(int(row[1]), 0, *row[3:7], False) for row in its]) for picture, its in zip(pictures, rows)])
    (tmp_path / "net.prototxt").write_text(ssd_nets.train_test("MobileNet-SSD", 4))
    (tmp_path / "solver.prototxt").write_text(
        'net: "net.prototxt" type: "Adam" base_lr: 0.01 momentum: 0.9 lr_policy: "fixed" max_iter: 80 random_seed: 1 '
        'test_iter: 2 test_interval: 80 snapshot_after_train: false eval_type: "detection" ap_version: "11point"')

    stream = io.StringIO()
    with log.to(stream):
        monkeypatch.setattr(log, "_minimum", 0)
        Solver.from_file("solver.prototxt").solve()

    before, after = re.findall(r"Test net output #0: detection_eval = (\S+)", stream.getvalue())
    assert float(before) < 0.2
    assert float(after) > 0.9
