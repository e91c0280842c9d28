"""Loop operators: a body that runs so many times, or until it says that it is done."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np

from .builder import GraphBuilder
from .writing import LayerWriter

# Writes a pass from the states before it: whether to go on, the states behind it, and what each pass leaves.
Body = Callable[[LayerWriter, "list[str]"], "tuple[str, list[str], list[str]]"]


def loop(layer: LayerWriter, body: Body, states: Sequence[str], kinds: Sequence[type], leaves: Sequence[type],
         most: int) -> list[str]:
    """Loop: the states behind `most` passes, or fewer, and what the passes leave, one behind the other.

    `kinds` are the types of the states, and `leaves` those of what is left, such as np.float32. The body may read
    tensors of its layer outside.
    """
    from onnx import helper, numpy_helper

    name = layer.builder.unused(f"{layer.name}/loop")
    inner = copy.copy(layer)
    inner.name, inner.builder = name, GraphBuilder(layer.builder.opset)
    before = [f"{name}/state{number}" for number in range(len(states))]
    goes_on, behind, left = body(inner, before)
    inputs = [_value(f"{name}/pass", np.int64, ()), _value(f"{name}/goes_on", np.bool_, ()),
              *map(_value, before, kinds)]
    outputs = [_value(goes_on, np.bool_, ()), *map(_value, [*behind, *left], [*kinds, *leaves])]
    nodes = [helper.make_node(one.kind, one.inputs, one.outputs, name=one.outputs[0], **one.attributes)
             for one in inner.builder.operations]
    constants = [numpy_helper.from_array(np.asarray(array, order="C"), key)
                 for key, array in inner.builder.constants.items()]
    graph = helper.make_graph(nodes, name, inputs, outputs, constants)
    return layer.ops("Loop", len(states) + len(leaves), layer.integers(most), layer.constant(True, np.bool_), *states,
                     body=graph)


def _value(name: str, kind: type, shape: tuple[int, ...] | None = None):
    from onnx import helper

    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), shape)
