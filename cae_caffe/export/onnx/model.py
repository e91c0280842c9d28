"""From a written graph to a file's message, checked by ONNX's own checker and shape inference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ...errors import RunError
from ...version import VERSION
from .graph import WrittenGraph

MOST_BYTES = 2 ** 31 - 2 ** 24      # of a protobuf message, with room for what is not weights
MOST_CHECKED = 2048      # values of a constant that the checks may need, such as a shape
IR_VERSIONS = {17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11}     # by operator set: the oldest file that holds it


def build(graph: WrittenGraph, shapes: Mapping[str, Sequence], name: str,
          metadata: Mapping[str, str]) -> onnx.ModelProto:
    """The model of `graph`, whose inputs and outputs have these shapes: lengths, names of lengths, or None for
    one that is not known.

    Raises RunError if it is not valid, or ONNX infers other shapes of the outputs, which is a fault of this package.
    """
    builder = graph.builder
    nodes = [helper.make_node(one.kind, one.inputs, one.outputs, name=one.outputs[0], **one.attributes)
             for one in builder.operations]
    constants = [numpy_helper.from_array(np.asarray(array, order="C"), key)
                 for key, array in builder.constants.items()]
    inputs, outputs = ([helper.make_tensor_value_info(key, onnx.TensorProto.FLOAT, shapes[key]) for key in names]
                       for names in (graph.inputs, graph.outputs))
    model = helper.make_model(helper.make_graph(nodes, name or "net", inputs, outputs, constants),
                              opset_imports=[helper.make_opsetid("", builder.opset)],
                              ir_version=IR_VERSIONS[builder.opset], producer_name="cae-caffe",
                              producer_version=VERSION)
    helper.set_model_props(model, dict(metadata))
    check(_without_weights(model))
    return model


def _without_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its large constants as inputs, of which the checks read but types and shapes, and make copies."""
    graph = model.graph
    large = [tensor for tensor in graph.initializer if math.prod(tensor.dims) > MOST_CHECKED]
    weights = [helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims) for tensor in large]
    names = {tensor.name for tensor in large}
    rest = [tensor for tensor in graph.initializer if tensor.name not in names]
    return helper.make_model(helper.make_graph(graph.node, graph.name, [*graph.input, *weights], graph.output, rest),
                             opset_imports=model.opset_import, ir_version=model.ir_version)


def is_large(model: onnx.ModelProto) -> bool:
    """Whether the model is more than a protobuf message can hold, so that its weights go to a file of their own."""
    return sum(len(tensor.raw_data) for tensor in model.graph.initializer) > MOST_BYTES


def check(model: onnx.ModelProto | str) -> None:
    """Raise RunError unless the model, or the one in a file, is valid and gives the shapes that ONNX infers."""
    try:
        onnx.checker.check_model(model, full_check=True)
        if not isinstance(model, str):
            onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise RunError(f"The exported net is no valid ONNX model ({' '.join(str(error).split())}); this is a fault of "
                       "cae-caffe: please report it with the net.") from error
