"""Small nets that find objects in regions: they run, and learn what they are shown."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")

from fork_training import trained
from leaving import built, leaves
from region_nets import CLASSES, COLUMNS, INFO, OBJECTS, ROWS, fast_rcnn, faster_rcnn, image, pvanet, rfcn

from cae_caffe import pycaffe
from cae_caffe.export.deploy import deploy
from cae_caffe.pycaffe.shims import settings
from cae_caffe.pycaffe.shims.overlaps import bbox_overlaps
from cae_caffe.schema import format_text

SOLVER = 'type: "Adam" base_lr: 0.003 momentum: 0.9 lr_policy: "fixed"'
LOSSES = ("rpn_loss_cls", "rpn_loss_bbox", "loss_cls", "loss_bbox")


def learnt(folder, net, updates, tops=LOSSES, **inputs):
    """As `trained`, with the image, and the same draws of NumPy's in each run."""
    np.random.seed(0)
    return trained(folder, net, {"data": image(), **inputs}, updates, SOLVER, tops)


def check_learnt(losses, to):
    assert np.isfinite(losses).all()
    assert np.mean(losses[-5:]) < to * np.mean(losses[:5]), losses


@pytest.fixture
def few_regions(monkeypatch):
    """Fewer regions than on real images, for speed."""
    monkeypatch.setattr(settings.TRAIN, "after", 60)
    monkeypatch.setattr(settings.REGIONS, "number", 48)


def test_faster_rcnn_learns_to_find_objects(tmp_path, few_regions):
    solver, losses = learnt(tmp_path, faster_rcnn(), 110, im_info=INFO, gt_boxes=OBJECTS)
    check_learnt(losses, 0.4)

    (tmp_path / "test.prototxt").write_text(format_text(faster_rcnn(trains=False)))
    net = pycaffe.Net(str(tmp_path / "test.prototxt"), pycaffe.TEST)
    net.share_with(solver.net)
    net.blobs["data"].data[...], net.blobs["im_info"].data[...] = image(), INFO
    net.forward()
    regions, scores = net.blobs["rpn_rois"].data, net.blobs["cls_prob"].data
    assert len(regions) == len(scores)
    for one in OBJECTS:
        best = regions[scores[:, int(one[4])].argmax(), 1:]
        assert bbox_overlaps(best[None], one[None])[0, 0] > 0.4


def test_fast_rcnn_learns_what_its_regions_hold(tmp_path):
    random = np.random.RandomState(1)
    regions = np.zeros((8, 5), np.float32)
    regions[:4, 1:] = np.repeat(OBJECTS[:, :4], 2, axis=0) + random.uniform(-4, 4, (4, 4))
    regions[4:, 1:] = [[40, 0, 52, 60], [0, 44, 50, 63], [60, 0, 95, 14], [38, 0, 53, 16]]
    labels = np.array([1, 1, 2, 2, 0, 0, 0, 0])
    targets, weights = np.zeros((2, 8, CLASSES, 4), np.float32)
    targets[np.arange(4), labels[:4]] = random.uniform(-1, 1, (4, 4))
    weights[np.arange(4), labels[:4]] = 1

    solver, losses = learnt(tmp_path, fast_rcnn(), 60, LOSSES[2:], rois=regions, labels=labels,
                            bbox_targets=targets.reshape(8, -1), bbox_inside_weights=weights.reshape(8, -1))

    check_learnt(losses, 0.3)
    assert (solver.net.blobs["cls_score"].data.argmax(1) == labels).all()


def test_rfcn_learns_from_its_hardest_examples(tmp_path, few_regions):
    solver, losses = learnt(tmp_path, rfcn(), 80, im_info=INFO, gt_boxes=OBJECTS)

    check_learnt(losses, 0.7)       # of 3.2, which the hardest examples keep high
    assert (solver.net.blobs["labels_ohem"].data >= 0).sum() == 8
    assert len(solver.net.blobs["rois"].data) > 8


def test_pvanet_proposes_and_scores_regions_of_images_of_any_size(tmp_path):
    (tmp_path / "net.prototxt").write_text(format_text(pvanet()))
    net = pycaffe.Net(str(tmp_path / "net.prototxt"), pycaffe.TEST)
    numbers = set()
    for rows, columns in ((ROWS, COLUMNS), (32, 32), (96, 128)):
        net.blobs["data"].reshape(1, 3, rows, columns)
        net.blobs["data"].data[...] = np.random.RandomState(rows).uniform(-1, 1, (1, 3, rows, columns))
        net.blobs["im_info"].data[...] = [[rows, columns, 1, 1, 0, 0]]
        found = net.forward()
        regions = net.blobs["rois"].data
        numbers.add(len(regions))
        assert (regions[:, 1:3] >= 0).all() and (regions[:, 3:] < [columns, rows]).all()
        assert found["cls_prob"].shape == (len(regions), CLASSES) and found["scores"].shape == (len(regions),)
        np.testing.assert_allclose(found["cls_prob"].sum(1), 1, rtol=1e-5)
        assert (np.diff(found["scores"]) <= 0).all()
    assert len(numbers) > 1


def test_fast_rcnn_leaves_as_onnx_without_its_targets(tmp_path):
    net = built(fast_rcnn(), tmp_path)
    form = deploy(net)
    assert (list(form.shapes()), list(form.outputs)) == (["data", "rois"], ["bbox_pred", "cls_score"])
    leaves(net, opencv="it has no MaxRoiPool")
