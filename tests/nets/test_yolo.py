"""Small YOLO nets: they learn boxes, and find them with their layers for detection."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")

from fork_training import fell, trained
from leaving import leaves
from yolo_nets import CLASSES, IMAGES, SIZE, yolov2, yolov3

from cae_caffe import pycaffe
from cae_caffe.schema import format_text


@pytest.fixture(scope="module")
def scenes():
    """Images with one or two bright rectangles, of class 0 red and of class 1 green, on noise; and their labels."""
    random = np.random.RandomState(3)
    data, label = random.normal(scale=0.1, size=(IMAGES, 3, SIZE, SIZE)), np.zeros((IMAGES, 1, 300, 5))
    for image in range(IMAGES):
        for number, left in enumerate([2, 26][:1 + image % 2]):
            width, height = random.randint(8, 20, 2)
            top, kind = random.randint(2, SIZE - height - 2), random.randint(CLASSES)
            data[image, kind, top:top + height, left:left + width] += 1
            label[image, 0, number] = [kind, (left + width / 2) / SIZE, (top + height / 2) / SIZE, width / SIZE,
                                       height / SIZE]
    return {"data": data.astype(np.float32), "label": label.astype(np.float32)}


@pytest.mark.parametrize(("build", "tops", "updates"), [(yolov3, ["coarse_loss", "fine_loss"], 60),
                                                        (yolov2, ["loss"], 120)])
def test_boxes_are_learned_and_found(tmp_path, scenes, build, tops, updates):
    solver, losses = trained(tmp_path, build(IMAGES, loss=True), scenes, updates, tops=tops)
    assert fell(losses, to=0.05)

    solver.net.save(str(tmp_path / "weights.caffemodel"))
    (tmp_path / "deploy.prototxt").write_text(format_text(build(IMAGES, loss=False)))
    net = pycaffe.Net(str(tmp_path / "deploy.prototxt"), pycaffe.TRAIN, weights=str(tmp_path / "weights.caffemodel"))
    for number in (1, 3):
        leaves(net, given={"data": scenes["data"][-number:]})
    net.blobs["data"].data[...] = scenes["data"]
    found = net.forward()["found"][0, 0]

    assert {tuple(row) for row in found[:, :2]} == {(image, row[0] + 1) for image, rows in enumerate(scenes["label"])
                                                    for row in rows[0] if row[3]}
    for image, rows in enumerate(scenes["label"]):
        for kind, x, y, width, height in rows[0][rows[0][:, 3] > 0]:
            box = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
            of_kind = found[(found[:, 0] == image) & (found[:, 1] == kind + 1)]
            assert np.abs(of_kind[:, 3:] - box).max(1).min() < 0.05
