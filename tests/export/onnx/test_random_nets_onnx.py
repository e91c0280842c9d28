"""Whole nets in ONNX, random ones: whatever the engine runs is exported and gives what it gives, or is refused."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
pytest.importorskip("onnx", reason="onnx is not here: pip install cae-caffe[onnx]")

import onnx_nets
from conformance import examples
from hypothesis import given
from hypothesis import strategies as st
from onnx_judge import run_onnx

from cae_caffe.errors import InputError
from cae_caffe.export import proof
from cae_caffe.export.deploy import deploy
from cae_caffe.export.onnx import convert

# Of a value that MVN, BatchNorm or Normalize makes of nearly equal ones, most digits are rounding.
TOLERANCE = 1e-4
BATCHES = {"dynamic": (1, 2, 5), 3: (3,), 1: (1,), None: (None,)}
REFUSED = re.compile(r"layer `.*` \(type \w+, |it has no inputs and so no batch|is a single number and has no batch|"
                     r"layer `.*` computes with numbers that depend on the batch|nothing is left of this net|"
                     r"shares its memory")


@examples(25)
@given(seed=st.integers(0, 10**6))
def test_random_nets(seed):
    rng = random.Random(seed)
    text = onnx_nets.net_text(seed, rng.randint(3, 12))
    net = onnx_nets.net_of(text)
    _fill_averages(net, seed)
    batch = rng.choice([None, None, "dynamic", "dynamic", 1, 3])
    blobs = _blobs(net, rng) if rng.random() < 0.4 else []
    options = {"fold": rng.random() < 0.4, "opset": rng.randint(17, 23)}
    try:
        model = convert.to_onnx(net, batch, blobs, **options)
    except InputError as error:
        assert REFUSED.search(str(error)), f"{error}\n{text}"
        return
    form = deploy(net, blobs)
    for size in BATCHES[batch]:
        try:
            if size is not None:
                form.set_batch(size)
        except InputError:          # the engine takes no such batch
            continue
        _hold(form, net if size is None else None, model, seed, f"{options} {batch} {blobs}\n{text}")


def _fill_averages(net, seed):
    """Positive numbers for parameters that no filler fills, such as BatchNorm's averages."""
    random_state = np.random.RandomState(seed)
    for parameters in net.params.values():
        for blob in parameters:
            if not blob.data.any():
                blob.data[...] = random_state.uniform(0.5, 1, blob.data.shape)


def _blobs(net, rng):
    graph = net.graph
    names = [name for name, value in graph.finals.items() if value.producer.type != "Input"]
    return rng.sample(names, rng.randint(1, min(4, len(names)))) if names else []


def _hold(form, whole, model, seed, told):
    """Fail unless the model gives what the form does, and what the `whole` net does that it comes from."""
    random_state = np.random.RandomState(seed)
    inputs = {name: random_state.uniform(-1, 1, shape).astype(np.float32) for name, shape in form.shapes().items()}
    wanted = proof.engine_outputs(form, inputs)
    if whole is not None:
        for name, array in inputs.items():
            whole.blobs[name].data[...] = array
        whole.forward()
        for name, array in wanted.items():
            np.testing.assert_array_equal(array, whole.blobs[name].data, err_msg=f"{name}\n{told}")
    found = run_onnx(model, inputs)
    assert len(found) == len(wanted), told
    for (name, array), theirs in zip(wanted.items(), found.values()):
        compared = proof.compare(name, array, theirs)
        assert compared.holds(TOLERANCE) or compared.difference < TOLERANCE or not np.isfinite(array).all(), \
            f"{compared}\n{told}"
