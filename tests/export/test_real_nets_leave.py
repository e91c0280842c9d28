"""Nets that people have, with their real weights, as ONNX models and PyTorch modules.

support/real_models.py says where they come from.
"""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
pytest.importorskip("onnx", reason="onnx is not here: pip install cae-caffe[onnx]")

import real_models
from leaving import leaves

from cae_caffe import pycaffe

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """`model(name, prototxt, weights)`: a net of one of the models, in phase TEST."""
    def net(name, prototxt, weights=None):
        folder = real_models.folder(name, tmp_path_factory.mktemp(name))
        return pycaffe.Net(str(folder / f"{prototxt}.prototxt"), pycaffe.TEST,
                           weights=str(folder / f"{weights or prototxt}.caffemodel"))
    return net


def pixels(*shape):
    """Squares of one brightness, with noise, of values about -1 to 1."""
    random = np.random.RandomState(0)
    coarse = random.uniform(-1, 1, (*shape[:2], -(-shape[2] // 8), -(-shape[3] // 8))).repeat(8, 2).repeat(8, 3)
    return (coarse[:, :, :shape[2], :shape[3]] + random.normal(0, 0.05, shape)).astype(np.float32)


@pytest.mark.parametrize(("name", "size"), [("det1", 12), ("det1", 45), ("det2", 24), ("det3", 48)])
def test_mtcnns_nets(model, name, size):
    net = model("mtcnn", name)
    for batch in (1, 3):
        leaves(net, given={"data": pixels(batch, 3, size, size)})


def test_open_nsfws_residual_net(model):
    net = model("open-nsfw", "deploy", "resnet_50_1by2_nsfw")
    for batch in (1, 3):
        leaves(net, given={"data": 100 * pixels(batch, 3, 224, 224)})
    leaves(net, blobs=["fc_nsfw"], given={"data": 100 * pixels(1, 3, 224, 224)})


@pytest.fixture(scope="module")
def codes():
    """An image of two QR codes (1, 1, 384, 384)."""
    pytest.importorskip("cv2", reason="OpenCV 4 is not here: pip install 'opencv-python-headless<5'")
    from real_images import qr_codes

    return qr_codes()[None, None].astype(np.float32) / 255


def test_wechats_detector(model, codes):
    net = model("wechat-qr", "detect")
    leaves(net, given={"data": codes})
    net.blobs["data"].reshape(*codes.shape)
    assert net.forward(data=codes)["detection_output"].shape == (1, 1, 2, 7)


def test_wechats_enlarged_code(model, codes):
    code = codes[:, :, 20:160, 30:180]
    for batch in (1, 3):
        leaves(model("wechat-qr", "sr"), given={"data": code.repeat(batch, 0)})
