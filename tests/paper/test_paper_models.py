"""The paper's models on both engines, by the committed files: the same start, the same gradients, the same training."""

from __future__ import annotations

import shutil

import caffe_process
import digits
import numpy as np
import pytest
import two_engines

MODELS = ["cae1-n2", "classic-1000-500-250-n2"]
LOSSES = ("cross_entropy_loss", "l2_error")
ITERATIONS = 100


def train(caffe, model, iterations, losses):
    """One forward and backward pass from the start, then training; what is seen on the way."""
    solver = caffe.get_solver(f"prototxt/{model}/solver.prototxt")
    net = solver.net
    found = {"start": {name: [blob.data.copy() for blob in blobs] for name, blobs in net.params.items()}}
    net.clear_param_diffs()
    net.forward()
    net.backward()
    found["loss_bottoms"] = list(net.bottom_names[losses[0]])
    found["data"] = {name: blob.data.copy() for name, blob in net.blobs.items()}
    found["diffs"] = {name: blob.diff.copy() for name, blob in net.blobs.items()}
    found["gradients"] = {name: [blob.diff.copy() for blob in blobs] for name, blobs in net.params.items()}
    found["losses"] = []
    for _ in range(iterations):
        solver.step(1)
        found["losses"].append([float(net.blobs[name].data) for name in losses])
    found["end"] = {name: [blob.data.copy() for blob in blobs] for name, blobs in net.params.items()}
    tests = list(solver.test_nets)
    for test in tests:
        solver.share_weights(test)
        test.forward()
    found["tests"] = [[float(test.blobs[name].data) for name in losses] for test in tests]
    return found


@pytest.fixture(scope="module", params=MODELS)
def runs(request, real_caffe, tmp_path_factory):
    """The model's name, what real Caffe found and what the embedded engine found."""
    folder = tmp_path_factory.mktemp(request.param)
    digits.write(folder)
    shutil.copytree(str(caffe_process.ROOT / "prototxt" / request.param), str(folder / "prototxt" / request.param))
    solver = folder / "prototxt" / request.param / "solver.prototxt"
    # As committed, but for the seven hundred batches of tests before the first iteration.
    solver.write_text(solver.read_text(encoding="utf-8") + "test_initialization: false\n", encoding="utf-8")
    arguments = {"model": request.param, "iterations": ITERATIONS, "losses": LOSSES}
    return request.param, *two_engines.on_both(real_caffe, train, folder, **arguments)


def difference(ours, real):
    """The largest difference, relative to the largest value."""
    return np.abs(np.subtract(ours, real, dtype=np.float64)).max() / max(np.abs(real).max(), np.finfo(np.float32).tiny)


def parameters(nested):
    return {f"{layer}[{i}]": values for layer, blobs in nested.items() for i, values in enumerate(blobs)}


def beyond(ours, real, limit):
    """The names of arrays that differ by more than `limit`, with how much."""
    assert sorted(ours) == sorted(real)
    return {name: found for name in real for found in [difference(ours[name], real[name])] if not found <= limit}


def test_both_start_from_the_same_bytes(runs):
    _, real, ours = runs
    assert {name: blob.tobytes() for name, blob in parameters(ours["start"]).items()} == {
        name: blob.tobytes() for name, blob in parameters(real["start"]).items()}


def test_every_blob_after_one_pass(runs):
    _, real, ours = runs
    assert set(beyond(ours["data"], real["data"], 1e-5)) <= {"cross_entropy_loss"}


def test_the_cross_entropy_after_one_pass(runs):
    """Caffe adds up its 78400 terms one by one in float32: the embedded engine is nearer to the exact sum."""
    _, real, ours = runs
    logits, targets = (real["data"][name].astype(np.float64).reshape(100, -1) for name in real["loss_bottoms"])
    exact = np.sum(np.logaddexp(0, logits) - targets * logits) / 100
    off = [abs(found["data"]["cross_entropy_loss"] / exact - 1) for found in (ours, real)]
    assert off[0] < 1e-6 and off[1] < 1e-4


def test_every_blobs_gradient_after_one_pass(runs):
    _, real, ours = runs
    assert sum(bool(np.any(diff)) for diff in real["diffs"].values()) > 12
    assert beyond(ours["diffs"], real["diffs"], 1e-5) == {}


def test_every_parameters_gradient_after_one_pass(runs):
    _, real, ours = runs
    assert beyond(parameters(ours["gradients"]), parameters(real["gradients"]), 1e-5) == {}


def test_losses_through_a_hundred_iterations(runs):
    _, real, ours = runs
    # Caffe adds up the cross entropy term by term in float32, which alone is off by up to 1e-4.
    np.testing.assert_allclose(ours["losses"], real["losses"], rtol=2e-4)
    assert np.all(np.array(real["losses"])[-1] < np.array(real["losses"])[0])


def test_every_parameter_after_a_hundred_iterations(runs):
    _, real, ours = runs
    assert beyond(parameters(ours["end"]), parameters(real["end"]), 1e-4) == {}


def test_test_nets_with_the_trained_weights(runs):
    _, real, ours = runs
    assert len(real["tests"]) == 2 and real["tests"][0] != real["tests"][1]
    np.testing.assert_allclose(ours["tests"], real["tests"], rtol=2e-4)
