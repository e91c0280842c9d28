"""The message of a model: what ONNX's checks find in it, however large its weights are."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not here: pip install cae-caffe[onnx]")
pytest.importorskip("torch", reason="the embedded engine needs PyTorch")

from onnx_judge import run_onnx

from cae_caffe.errors import RunError
from cae_caffe.export.onnx import model
from cae_caffe.export.onnx.builder import GraphBuilder
from cae_caffe.export.onnx.graph import WrittenGraph

LENGTH = 100        # squared, more than the values that the checks read


def product(rows, outputs=(2, LENGTH)):
    """The graph of x (2, LENGTH) times a large constant of so many `rows`."""
    builder = GraphBuilder(17)
    weights = builder.constant(np.eye(rows, LENGTH, dtype=np.float32), "weights")
    top, = builder.add("MatMul", ["x", weights], 1, "layer", {})
    return WrittenGraph(builder, {"x": (2, LENGTH)}, {top: outputs})


def built(graph):
    return model.build(graph, {**graph.inputs, **graph.outputs}, "net", {})


def test_a_model_has_its_weights_and_no_other_inputs():
    found = built(product(LENGTH))
    assert [one.name for one in found.graph.input] == ["x"]
    assert [one.name for one in found.graph.initializer] == ["weights"]
    x = np.random.RandomState(0).rand(2, LENGTH).astype(np.float32)
    np.testing.assert_array_equal(next(iter(run_onnx(found, {"x": x}).values())), x)


@pytest.mark.parametrize("graph", [product(LENGTH + 1), product(LENGTH, (2, LENGTH - 1))])
def test_weights_and_outputs_of_other_shapes_are_found(graph):
    with pytest.raises(RunError, match=r"no valid ONNX model .* a fault of cae-caffe"):
        built(graph)
