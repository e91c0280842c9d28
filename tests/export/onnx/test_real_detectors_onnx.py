"""Detectors that people have, with their real weights, in ONNX: WeChat's of QR codes, and MTCNN's of faces."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2", reason="OpenCV 4 is not here, which draws QR codes: pip install 'opencv-python-headless<5'")

import opencv5
import real_models
from onnx_judge import require_clean, run_onnx
from real_images import qr_codes

from cae_caffe import pycaffe
from cae_caffe.export.onnx import convert

pytestmark = pytest.mark.long
CLOSE = 1e-5


def hold(folder, name: str, images: np.ndarray) -> dict[str, np.ndarray]:
    """The net's outputs for the images, which onnxruntime and OpenCV 5 give too, or the test fails."""
    net = pycaffe.Net(str(folder / f"{name}.prototxt"), pycaffe.TEST, weights=str(folder / f"{name}.caffemodel"))
    images, data = images.astype(np.float32), net.inputs[0]
    net.blobs[data].reshape(*images.shape)
    net.blobs[data].data[...] = images
    wanted = {name: top.copy() for name, top in net.forward().items()}
    model = convert.to_onnx(net)
    require_clean(model)
    for found in (run_onnx(model, {data: images}), opencv5.run(model, {data: images}, list(wanted)),
                  run_onnx(convert.to_onnx(net, batch="dynamic"), {data: images})):
        assert sorted(found) == sorted(wanted)
        for top, array in wanted.items():
            np.testing.assert_allclose(found[top], array, rtol=0, atol=CLOSE * np.abs(array).max())
    return wanted


@pytest.fixture(scope="module")
def wechat(tmp_path_factory):
    return real_models.folder("wechat-qr", tmp_path_factory.mktemp("wechat"))


def test_wechats_detector(wechat):
    outputs = hold(wechat, "detect", qr_codes()[None, None] / 255)

    assert len(outputs["detection_output"].reshape(-1, 7)) == 2


def test_wechats_enlarged_code(wechat):
    hold(wechat, "sr", qr_codes()[None, None, 20:160, 30:180] / 255)


@pytest.mark.parametrize(("name", "size"), [("det1", 12), ("det1", 33), ("det2", 24), ("det3", 48)])
def test_mtcnns_nets(tmp_path, name, size):
    folder = real_models.folder("mtcnn", tmp_path)

    hold(folder, name, np.random.RandomState(size).uniform(-1, 1, (3, 3, size, size)))
