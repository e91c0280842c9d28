"""The batches of data layers on both engines, to the bit, and the random numbers that are drawn after the layer."""

from __future__ import annotations

import numpy as np
import two_engines


def batches(caffe, phase, passes, seed):
    """Of net.prototxt: weights of its layer `ip`, drawn after the data layer, then `data` and `label` of each pass."""
    caffe.set_random_seed(seed)
    net = caffe.Net("net.prototxt", getattr(caffe, phase))
    found = [net.params["ip"][0].data.copy()]
    for _ in range(passes):
        net.forward()
        found += [net.blobs[name].data.copy() for name in ("data", "label")]
    return found


def assert_same(real_caffe, folder, probe=batches, **kwargs):
    """Both engines return the same arrays of `probe(caffe, **kwargs)` in the working directory `folder`."""
    real, ours = two_engines.on_both(real_caffe, probe, folder, **kwargs)
    for number, (theirs, mine) in enumerate(zip(real, ours)):
        np.testing.assert_array_equal(mine, theirs, err_msg=f"array {number}")
