"""Whole small nets in PyTorch: SSD's, YOLO's and detectors of regions, and those for few computations."""

from __future__ import annotations

import efficient_nets
import numpy as np
import pytest
import region_nets
import ssd_nets
import yolo_nets
from drawn_nets import drawn_case
from leaving import built
from torch_judge import hold

from cae_caffe.export.deploy import deploy
from cae_caffe.export.torch import files
from cae_caffe.schema import parse_net

NONE = "boxes that are found have no gradient"


@pytest.mark.parametrize("kind", ssd_nets.KINDS)
def test_ssd(tmp_path, kind):
    data, _ = ssd_nets.images(2)
    hold(drawn_case(tmp_path, parse_net(ssd_nets.net(kind, 2), "made"), data=data), gradients=False, reason=NONE)


@pytest.mark.parametrize("build", [yolo_nets.yolov3, yolo_nets.yolov2])
def test_yolo(tmp_path, build):
    net = build(2, loss=False)
    del net.layer[[layer.name for layer in net.layer].index("label")]
    data = np.random.RandomState(0).uniform(-1, 1, (2, 3, yolo_nets.SIZE, yolo_nets.SIZE))
    hold(drawn_case(tmp_path, net, data=data), gradients=False, reason=NONE)


@pytest.mark.parametrize("build", [lambda: region_nets.faster_rcnn(trains=False), region_nets.rfcn_detector])
def test_detectors_of_one_image(tmp_path, build):
    hold(drawn_case(tmp_path, build(), data=region_nets.image(), im_info=region_nets.INFO), batches=False)


def test_a_detector_of_one_image_is_run_with_one_before_it_is_written(tmp_path):
    """With an image of the size that its maps are of, so that there are regions."""
    told = []
    paths = files.write(deploy(built(region_nets.faster_rcnn(trains=False), tmp_path)), tmp_path / "out", told.append)
    assert all(path.exists() for path in paths)
    rows, = {line.split()[1] for line in told[0].splitlines() if line.startswith("cls_prob")}
    assert int(rows.split("x")[0]) > 10


def test_pvanet(tmp_path):
    hold(drawn_case(tmp_path, region_nets.pvanet(), data=region_nets.image(), im_info=[[64, 96, 1, 1, 0, 0]]))


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
