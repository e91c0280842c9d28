"""Whole small nets in ONNX: SSD's, YOLO's and detectors of regions, and those for few computations."""

from __future__ import annotations

import efficient_nets
import numpy as np
import pytest
import region_nets
import ssd_nets
import yolo_nets
from conformance import Case
from drawn_nets import drawn_case
from onnx_judge import engine_run, hold

from cae_caffe.schema import parse_net


def rows(case: Case, name: str) -> np.ndarray:
    """The rows of the net's output."""
    _, _, outputs = engine_run(case)
    top = outputs[name]
    return top.reshape(-1, top.shape[-1])


@pytest.mark.parametrize("kind", ssd_nets.KINDS)
def test_ssd(tmp_path, kind):
    data, _ = ssd_nets.images(2)
    net = drawn_case(tmp_path, parse_net(ssd_nets.net(kind, 2), "made"), data=data)

    assert len(rows(net, "detection_out")) > 20
    hold(net)


@pytest.mark.parametrize("build", [yolo_nets.yolov3, yolo_nets.yolov2])
def test_yolo(tmp_path, build):
    net = build(2, loss=False)
    del net.layer[[layer.name for layer in net.layer].index("label")]
    data = np.random.RandomState(0).uniform(-1, 1, (2, 3, yolo_nets.SIZE, yolo_nets.SIZE))
    net = drawn_case(tmp_path, net, data=data)

    assert len(rows(net, "found")) > 4
    hold(net)


def test_faster_rcnn(tmp_path):
    net = drawn_case(tmp_path, region_nets.faster_rcnn(trains=False), data=region_nets.image(),
                     im_info=region_nets.INFO)

    assert len(rows(net, "cls_prob")) > 4
    hold(net, dynamic=False)


def test_rfcn(tmp_path):
    net = drawn_case(tmp_path, region_nets.rfcn_detector(), data=region_nets.image(), im_info=region_nets.INFO)

    assert len(rows(net, "bbox_pred")) > 4
    hold(net, dynamic=False)


def test_pvanet(tmp_path):
    net = drawn_case(tmp_path, region_nets.pvanet(), data=region_nets.image(), im_info=[[64, 96, 1, 1, 0, 0]])

    assert len(rows(net, "cls_prob")) > 4
    hold(net)


@pytest.mark.parametrize("build", [efficient_nets.senet, efficient_nets.shufflenet, efficient_nets.mobilenet])
def test_classifiers(tmp_path, build):
    random = np.random.RandomState(0)
    hold(drawn_case(tmp_path, efficient_nets.classified(build), data=random.uniform(-1, 1, (4, 3, 16, 16)),
                    label=random.randint(0, 3, 4)))


@pytest.mark.parametrize("build", [efficient_nets.pspnet, efficient_nets.icnet])
def test_segmentation(tmp_path, build):
    random = np.random.RandomState(0)
    hold(drawn_case(tmp_path, build(), data=random.uniform(-1, 1, (2, 1, 17, 17)),
                    label=random.randint(0, 2, (2, 1, 17, 17))))
