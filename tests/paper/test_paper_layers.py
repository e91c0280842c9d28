"""The per-layer nets: each, given the deploy net's weights, yields the deploy net's blob."""

from __future__ import annotations

import caffe_process
import digits
import numpy as np
import pytest

from cae_caffe import pycaffe
from cae_caffe.engine import log

FOLDER = caffe_process.ROOT / "prototxt"


@pytest.fixture(scope="module", params=["cae1-n2", "cae2-n30", "classic-1000-500-250-n2"])
def deploy(request, tmp_path_factory):
    """The model's folder, its deploy net run on three images, and the path of its weights, random ones."""
    before, log._minimum = log._minimum, log.LEVELS["ERROR"]
    net = pycaffe.Net(str(FOLDER / request.param / "deploy.prototxt"), pycaffe.TEST)
    random = np.random.RandomState(0)
    for blobs in net.params.values():
        for blob in blobs:
            fan_in = blob.data[0].size
            blob.data[...] = random.normal(0, 1.5 / np.sqrt(fan_in), blob.data.shape)
    weights = tmp_path_factory.mktemp("weights") / "w.caffemodel"
    net.save(weights)
    run(net)
    yield FOLDER / request.param, net, str(weights)
    log._minimum = before


def run(net):
    net.blobs["data"].reshape(3, 1, 28, 28)
    net.blobs["data"].data[...] = digits.images(3)
    return net.forward()


def test_each_layers_net_yields_the_deploy_nets_blob(deploy):
    folder, net, weights = deploy
    files = sorted((folder / "layers").glob("*.prototxt"))
    assert len(files) == 15
    for path in files:
        name = path.stem.split("-", 1)[1]
        (blob, values), = run(pycaffe.Net(str(path), pycaffe.TEST, weights=weights)).items()
        expected = net.blobs[blob].data
        assert blob == name and values.shape == expected.shape and values.std() > 1e-4
        # The lowered convolutions may choose another order of rows where fewer layers follow.
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-6 * np.abs(expected).max(), err_msg=path.name)
