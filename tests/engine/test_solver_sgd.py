"""SGD: two hundred iterations of a small net under each of the solver's fields, beside real Caffe's."""

from __future__ import annotations

import numpy as np
import pytest
import small_training
import two_engines
from small_training import parameters

FIELDS = {
    "plain": ("", {}),
    "momentum": ("momentum: 0.9", {}),
    "L2 decay": ("weight_decay: 0.05", {}),
    "L1 decay": ('weight_decay: 0.02 regularization_type: "L1"', {}),
    "momentum and decay": ("momentum: 0.5 weight_decay: 0.01", {}),
    "factors": ("momentum: 0.5 weight_decay: 0.05", {
        "encode": "param { lr_mult: 2 decay_mult: 0.5 } param { lr_mult: 0.1 decay_mult: 0 }",
        "decode": "param { lr_mult: 0.5 decay_mult: 3 } param { lr_mult: 4 }"}),
    "frozen biases": ("momentum: 0.9 weight_decay: 0.05", {
        "encode": "param { } param { lr_mult: 0 }", "decode": "param { } param { lr_mult: 0 decay_mult: 0 }"}),
    "a frozen encoder": ("momentum: 0.9 weight_decay: 0.05", {"encode": "param { lr_mult: 0 } param { lr_mult: 0 }"}),
    "frozen but decaying": ('momentum: 0.9 weight_decay: 0.05 regularization_type: "L1"',
                            {"decode": "param { lr_mult: 0 }"}),
    "iter_size": ("iter_size: 3 momentum: 0.9", {}),
    "clipping": ("clip_gradients: 0.7", {}),
    "clipping, iter_size and decay": ("clip_gradients: 1.5 iter_size: 2 weight_decay: 0.1 momentum: 0.3", {}),
    "clipping nothing": ("clip_gradients: 1e9", {}),
    "clipping all": ("clip_gradients: 0 weight_decay: 0.01", {}),
    "negative clipping": ("clip_gradients: -3", {}),
    "steps": ('lr_policy: "step" gamma: 0.5 stepsize: 20 momentum: 0.9', {}),
    "tests between": ("test_iter: 2 test_interval: 7 momentum: 0.9", {}),
    "one loss of weight 0": ("momentum: 0.9", {"l2": "loss_weight: 0"}),
    "a negative loss weight": ("", {"l2": "loss_weight: -0.25"}),
}
ITERATIONS = 200


def train(caffe, iterations):
    solver = caffe.SGDSolver("solver.prototxt")
    start = parameters(solver.net)
    losses = []
    for _ in range(iterations):
        solver.step(1)
        losses.append([float(solver.net.blobs[name].data) for name in ("entropy", "l2")])
    diffs = [[blob.diff.copy() for blob in blobs] for blobs in solver.net.params.values()]
    return start, losses, parameters(solver.net), diffs, solver.iter


@pytest.mark.parametrize("case", FIELDS)
def test_parameters_after_200_iterations_are_real_caffes(case, real_caffe, tmp_path):
    fields, parts = FIELDS[case]
    text = small_training.net(**parts)
    small_training.write(tmp_path, fields, text)
    real, embedded = two_engines.on_both(real_caffe, train, tmp_path, uses=[parameters], iterations=ITERATIONS)
    start, losses, end, diffs, iterations = real
    assert [[b.tobytes() for b in layer] for layer in embedded[0]] == [[b.tobytes() for b in layer] for layer in start]
    assert any((a != b).any() for old, new in zip(start, end) for a, b in zip(old, new)) or case == "clipping all"
    # Float32 rounding through 200 iterations of a net that forgets its start.
    np.testing.assert_allclose(embedded[1], losses, rtol=2e-5)
    small_training.assert_close(embedded[2], end, 1e-5, "parameters")
    # Gradients are small differences of large numbers; a frozen parameter's are 0 on both sides.
    small_training.assert_close(embedded[3], diffs, 1e-4, "updates")
    assert embedded[4] == iterations == ITERATIONS
