"""Small nets for few computations: they learn what they are shown."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")

from efficient_nets import CLASSES, classified, icnet, mobilenet, pspnet, senet, shufflenet
from fork_training import fell, trained

from cae_caffe import pycaffe


@pytest.fixture(scope="module")
def images():
    """Twelve images of three kinds: stripes across, stripes down, and neither; in noise."""
    random = np.random.RandomState(0)
    data, label = random.normal(scale=0.3, size=(12, 3, 16, 16)), np.arange(12) % CLASSES
    data[label == 0, :, ::4] += 1
    data[label == 1, :, :, ::4] += 1
    return {"data": data.astype(np.float32), "label": label}


@pytest.mark.parametrize("build", [senet, shufflenet, mobilenet])
def test_classifiers_learn_and_are_stored(tmp_path, images, build):
    solver, losses = trained(tmp_path, classified(build), images, 15)

    assert fell(losses, to=0.3)
    scores = solver.net.forward()["loss"], solver.net.blobs["score"].data.copy()
    solver.net.save(str(tmp_path / "weights.caffemodel"))
    again = pycaffe.Net(str(tmp_path / "net.prototxt"), pycaffe.TRAIN, weights=str(tmp_path / "weights.caffemodel"))
    for name, array in images.items():
        again.blobs[name].data[...] = array
    assert again.forward()["loss"] == scores[0]
    assert np.array_equal(again.blobs["score"].data, scores[1])


@pytest.mark.parametrize("build", [pspnet, icnet])
def test_segmentation_learns(tmp_path, build):
    random = np.random.RandomState(1)
    label = np.kron(random.randint(0, 2, (4, 1, 5, 5)), np.ones((4, 4)))[:, :, :17, :17]
    inputs = {"data": label + random.normal(scale=0.3, size=label.shape), "label": label}

    _, losses = trained(tmp_path, build(), inputs, 40)

    assert fell(losses, to=0.5)
