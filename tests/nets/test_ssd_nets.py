"""Small nets as SSD300 and MobileNet-SSD: they learn to find boxes, and OpenCV 4 finds the same with their weights."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")

import ssd_nets
from fork_training import fell, trained

from cae_caffe import pycaffe
from cae_caffe.engine.layers.forks.boxes import overlaps

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
