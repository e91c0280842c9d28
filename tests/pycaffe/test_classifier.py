"""Classifier and Detector against real Caffe's, over one small net."""

from __future__ import annotations

import textwrap

import numpy as np
import pytest

from cae_caffe import InputError, pycaffe

NET = """
name: "classifier"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 4 dim: 3 dim: 8 dim: 8 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 2 kernel_size: 3 weight_filler { type: "gaussian" std: 0.01 } } }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
        inner_product_param { num_output: 5 weight_filler { type: "gaussian" std: 0.1 } } }
layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
"""
OPTIONS = {"mean": np.array([0.4, 0.5, 0.6]), "input_scale": 0.5, "raw_scale": 255.0, "channel_swap": [2, 1, 0]}
# Sums of some hundred products in another order.
PREDICTED = 1e-5

PREDICT = """
import caffe
def main(net, weights, options, images, oversample):
    return caffe.Classifier(net, weights, **options).predict(images, oversample)
"""

# Real Caffe's cropping with context needs a NumPy that takes floats for indices, and its load_image an older
# scikit-image than the one beside it: both are lent to it here.
DETECT = """
import numpy as np
import caffe
class Image(np.ndarray):
    def __getitem__(self, index):
        if isinstance(index, tuple) and all(isinstance(part, slice) for part in index):
            index = tuple(slice(*(None if x is None else int(x) for x in (p.start, p.stop, p.step))) for p in index)
        return np.ndarray.__getitem__(self, index)
def main(net, weights, options, image, windows):
    caffe.io.load_image = lambda path: image.view(Image)
    detector = caffe.Detector(net, weights, **options)
    return [d["prediction"] for d in detector.detect_windows([("image.png", windows)])]
"""


@pytest.fixture
def files(tmp_path):
    """The net's prototxt and its weights, as texts of paths."""
    net_file, weights = tmp_path / "net.prototxt", tmp_path / "net.caffemodel"
    net_file.write_text(textwrap.dedent(NET))
    pycaffe.set_random_seed(3)
    pycaffe.Net(str(net_file), pycaffe.TEST).save(str(weights))
    return str(net_file), str(weights)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.mark.parametrize("oversample", [True, False])
@pytest.mark.parametrize("dims", [None, (9, 12)])
def test_predictions_are_real_caffes(files, oversample, dims, real_caffe, rng):
    images = [rng.random((10, 11, 3)).astype(np.float32), rng.random((7, 9, 3)).astype(np.float32)]
    options = dict(OPTIONS, image_dims=dims)
    ours = pycaffe.Classifier(*files, **options).predict(images, oversample)
    theirs = real_caffe(PREDICT, net=files[0], weights=files[1], options=options, images=images, oversample=oversample)
    assert ours.shape == theirs.shape == (2, 5)
    np.testing.assert_allclose(ours, theirs, atol=PREDICTED)
    assert np.ptp(ours) > 0.01


@pytest.mark.parametrize("context_pad", [None, 1, 2])
@pytest.mark.parametrize("with_mean", [True, False])
def test_detections_are_real_caffes(files, context_pad, with_mean, real_caffe, rng, monkeypatch):
    image = rng.random((30, 40, 3)).astype(np.float32)
    windows = np.array([[2, 3, 12, 20], [0, 0, 30, 40], [20, 25, 29, 39], [5, 30, 25, 40]])
    options = dict(OPTIONS, context_pad=context_pad, mean=OPTIONS["mean"] if with_mean else None)
    monkeypatch.setattr(pycaffe.io, "load_image", lambda path: image)
    ours = pycaffe.Detector(*files, **options).detect_windows(iter([("image.png", windows)]))
    theirs = real_caffe(DETECT, net=files[0], weights=files[1], options=options, image=image, windows=windows)
    np.testing.assert_allclose([d["prediction"] for d in ours], theirs, atol=PREDICTED)
    assert [list(d["window"]) for d in ours] == windows.tolist() and {d["filename"] for d in ours} == {"image.png"}


def test_no_windows_are_no_detections(files):
    assert pycaffe.Detector(*files).detect_windows([]) == []


def test_an_empty_window_is_refused(files):
    with pytest.raises(InputError, match=r"window \(3, 3, 3, 5\) holds no pixel of the image, which is 9 high"):
        pycaffe.Detector(*files).crop(np.zeros((9, 9, 3)), (3, 3, 3, 5))


def test_selective_search_says_what_it_needs(files):
    with pytest.raises(InputError, match=r"needs MATLAB .* call detect_windows"):
        pycaffe.Detector(*files).detect_selective_search(["image.png"])
