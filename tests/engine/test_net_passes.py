"""Forward and backward through nets of every build: all values and gradients are real Caffe's."""

from __future__ import annotations

import numpy as np
import pytest
import two_engines
from net_zoo import NETS


def passes(caffe, names):
    """What each net holds after two passes there and back (parameters' gradients add up), and its loss."""
    found = {}
    for name in names:
        caffe.set_random_seed(11)
        net = caffe.Net(name, caffe.TRAIN)
        random = np.random.RandomState(5)
        for i in net._inputs:
            blob = net._blobs[i]
            blob.data[...] = random.uniform(0.1, 0.9, tuple(blob.shape))
        for layer in net.layers:
            for blob in layer.blobs:
                blob.data[...] = random.uniform(-1, 1, tuple(blob.shape))
        losses = []
        for _ in range(2):
            losses.append(net._forward(0, len(net.layers) - 1))
            net._backward(len(net.layers) - 1, 0)
        # Caffe never clears a diff that nobody writes, so only those that somebody does can be compared.
        found[name] = {
            "losses": np.array(losses),
            "data": [blob.data.copy() for blob in net._blobs],
            "diffs": [blob.diff.copy() for blob in net._blobs],
            "gradients": [blob.diff.copy() for layer in net.layers for blob in layer.blobs]}
    return found


@pytest.fixture(scope="module")
def both(real_caffe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nets")
    names = [name for name in NETS if name != "an input without a shape"]
    for name in names:
        (folder / name).write_text(NETS[name], encoding="utf-8")
    return two_engines.on_both(real_caffe, passes, folder, names=names)


@pytest.mark.parametrize("name", [name for name in NETS if name != "an input without a shape"])
def test_all_values_and_gradients_are_real_caffes(name, both):
    real, ours = (found[name] for found in both)
    np.testing.assert_allclose(ours["losses"], real["losses"], rtol=1e-6)
    for what in ("data", "diffs", "gradients"):
        for i, (a, b) in enumerate(zip(ours[what], real[what])):
            np.testing.assert_allclose(a, b, rtol=0, atol=3e-6 * max(1, np.abs(b).max()), err_msg=f"{what} {i}")
