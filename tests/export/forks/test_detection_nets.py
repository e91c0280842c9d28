"""Whole small nets on their way out: SSD's, YOLO's and detectors of regions, and those for few computations."""

from __future__ import annotations

import efficient_nets
import numpy as np
import onnx_judge
import pytest
import region_nets
import ssd_nets
import yolo_nets
from both_judges import hold_both
from conformance import Case
from drawn_nets import drawn_case
from leaving import built

from cae_caffe.export.deploy import deploy
from cae_caffe.export.torch import files
from cae_caffe.schema import parse_net

NONE = {"gradients": False, "reason": "boxes that are found have no gradient"}


def rows(case: Case, name: str) -> int:
    """How many rows the net's output has."""
    top = onnx_judge.engine_run(case)[2][name]
    return top.size // top.shape[-1]


@pytest.mark.parametrize("kind", ssd_nets.KINDS)
def test_ssd(tmp_path, kind):
    data, _ = ssd_nets.images(2)
    case = drawn_case(tmp_path, parse_net(ssd_nets.net(kind, 2), "made"), data=data)

    assert rows(case, "detection_out") > 20
    hold_both(case, torch=NONE)


@pytest.mark.parametrize("build", [yolo_nets.yolov3, yolo_nets.yolov2])
def test_yolo(tmp_path, build):
    net = build(2, loss=False)
    del net.layer[[layer.name for layer in net.layer].index("label")]
    data = np.random.RandomState(0).uniform(-1, 1, (2, 3, yolo_nets.SIZE, yolo_nets.SIZE))
    case = drawn_case(tmp_path, net, data=data)

    assert rows(case, "found") > 4
    hold_both(case, torch=NONE)


@pytest.mark.parametrize(("build", "output"), [
    pytest.param(lambda: region_nets.faster_rcnn(trains=False), "cls_prob", id="Faster R-CNN"),
    pytest.param(region_nets.rfcn_detector, "bbox_pred", id="R-FCN")])
def test_detectors_of_one_image(tmp_path, build, output):
    case = drawn_case(tmp_path, build(), data=region_nets.image(), im_info=region_nets.INFO)

    assert rows(case, output) > 4
    hold_both(case, torch={"batches": False}, onnx={"dynamic": False})


def test_a_detector_of_one_image_is_run_with_one_before_it_is_written(tmp_path):
    """With an image of the size that its maps are of, so that there are regions."""
    told = []
    paths = files.write(deploy(built(region_nets.faster_rcnn(trains=False), tmp_path)), tmp_path / "out", told.append)
    assert all(path.exists() for path in paths)
    rows, = {line.split()[1] for line in told[0].splitlines() if line.startswith("cls_prob")}
    assert int(rows.split("x")[0]) > 10


def test_pvanet(tmp_path):
    case = drawn_case(tmp_path, region_nets.pvanet(), data=region_nets.image(), im_info=[[64, 96, 1, 1, 0, 0]])

    assert rows(case, "cls_prob") > 4
    hold_both(case)


@pytest.mark.parametrize("build", [efficient_nets.senet, efficient_nets.shufflenet, efficient_nets.mobilenet])
def test_classifiers(tmp_path, build):
    random = np.random.RandomState(0)
    hold_both(drawn_case(tmp_path, efficient_nets.classified(build), data=random.uniform(-1, 1, (4, 3, 16, 16)),
                    label=random.randint(0, 3, 4)))


@pytest.mark.parametrize("build", [efficient_nets.pspnet, efficient_nets.icnet])
def test_segmentation(tmp_path, build):
    random = np.random.RandomState(0)
    hold_both(drawn_case(tmp_path, build(), data=random.uniform(-1, 1, (2, 1, 17, 17)),
                    label=random.randint(0, 2, (2, 1, 17, 17))))
