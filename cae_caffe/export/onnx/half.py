"""A graph's weights and computation in float16; its inputs and outputs stay float32."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, numpy_helper

from ...errors import InputError
from ...printing import shown
from .builder import GraphBuilder, Operation
from .graph import WrittenGraph

FLOAT, FLOAT16 = TensorProto.FLOAT, TensorProto.FLOAT16
# What an operator takes in float32 alone, by the inputs' numbers.
SINGLE = {"NonMaxSuppression": (0, 1, 3, 4), "Resize": (1, 2), "Upsample": (1,)}
# What onnxruntime runs in float32 alone, if this attribute is not the value: by the operator, and inputs to be cast.
SUMS = {"ScatterElements": ("reduction", "none", (0, 2)), "ScatterND": ("reduction", "none", (0, 2))}
LARGEST = float(np.finfo(np.float16).max)
SMALLEST = np.nextafter(np.float16(0), np.float16(1))
UNBOUNDED = 1e38        # from here on a constant stands for "any value is smaller"
MOST_NAMED = 10


def halve(graph: WrittenGraph) -> None:
    """Let the graph compute in float16. Raises InputError, by name, for parameters beyond its range."""
    builder = graph.builder
    _divide_by_large_variances(builder)
    builder.drop_unused(list(graph.outputs))
    _require_range(builder)
    operations = builder.operations
    singles = _Singles(builder)
    for operation in operations:
        _halve_attributes(operation)
        singles.keep(operation)
    operations = singles.with_casts(operations)
    begins, ends = _from_inputs(graph, operations), _to_outputs(graph, operations)
    builder.operations = [*begins, *operations, *ends]
    for name, array in builder.constants.items():
        if array.dtype == np.float32 and name not in singles.constants:
            builder.constants[name] = _half(array)


def _divide_by_large_variances(builder: GraphBuilder) -> None:
    """Put constant variances beyond float16 into the scales: their roots, which the values are divided by, fit."""
    for operation in builder.operations:
        variance = builder.constants.get(operation.inputs[4]) if operation.kind == "BatchNormalization" else None
        scale = builder.constants.get(operation.inputs[1]) if variance is not None else None
        if variance is None or scale is None or not (variance > LARGEST).any():
            continue
        factor = np.float32(1) / np.sqrt(variance + np.float32(operation.attributes["epsilon"]))
        operation.inputs[1] = builder.constant(scale * factor, f"{operation.layer}/scale")
        operation.inputs[4] = builder.constant(np.ones_like(variance), f"{operation.layer}/ones")
        operation.attributes["epsilon"] = 0.0


def _require_range(builder: GraphBuilder) -> None:
    beyond = []
    for name, array in builder.constants.items():
        if array.dtype == np.float32 and array.size:
            values = np.abs(array[np.abs(array) < UNBOUNDED])
            if values.max(initial=0) > LARGEST:
                beyond.append(f"{shown(name)} ({values.max():g})")
    if beyond:
        more = f" and {len(beyond) - MOST_NAMED} more" if len(beyond) > MOST_NAMED else ""
        raise InputError(f"float16 holds numbers up to {LARGEST:g}, and these of the net are beyond: "
                         f"{', '.join(beyond[:MOST_NAMED])}{more}; export the net in float32, without --fp16.")


def _half(array: np.ndarray) -> np.ndarray:
    """The array in float16; what stands for "smaller than any value" is the smallest, and infinities stay.

    A single number that is not 0 stays so: such an eps keeps divisors from 0.
    """
    found = np.where(np.isinf(array), array, np.clip(array, -LARGEST, LARGEST)).astype(np.float16)
    return np.where(found == 0, SMALLEST * np.sign(array).astype(np.float16), found) if array.size == 1 else found


class _Singles:
    """Inputs that operators take in float32 alone: constants stay so, others are cast, and so are outputs then."""

    def __init__(self, builder: GraphBuilder):
        self.builder = builder
        self.constants: set[str] = set()
        self._before: dict[int, list[Operation]] = {}
        self._behind: dict[int, list[Operation]] = {}

    def keep(self, operation: Operation) -> None:
        """Let the operation read float32 where it must, and others read float16 of it."""
        places = SINGLE.get(operation.kind, ())
        attribute, plain, summed = SUMS.get(operation.kind, ("", None, ()))
        if operation.attributes.get(attribute, plain) != plain:
            places = summed
            output, = operation.outputs
            operation.outputs = [self.builder.unused(f"{output}/float32")]
            self._behind[id(operation)] = [
                Operation("Cast", list(operation.outputs), [output], {"to": FLOAT16}, operation.layer)]
        for place in places:
            name = operation.inputs[place] if place < len(operation.inputs) else ""
            array = self.builder.constants.get(name)
            if name and (array is None or array.dtype == np.float32):
                operation.inputs[place] = single = self.builder.unused(f"{name}/float32")
                if array is None:
                    cast = Operation("Cast", [name], [single], {"to": FLOAT}, operation.layer)
                    self._before.setdefault(id(operation), []).append(cast)
                else:
                    self.builder.constants[single] = array
                    self.constants.add(single)

    def with_casts(self, operations: list[Operation]) -> list[Operation]:
        """The operations, each between the casts that it needs."""
        return [one for operation in operations for one in (
            *self._before.get(id(operation), ()), operation, *self._behind.get(id(operation), ()))]


def _from_inputs(graph: WrittenGraph, operations: list[Operation]) -> list[Operation]:
    """Casts of the inputs, which the operations read instead, but for those that make whole numbers of them.

    For row numbers above 2048 are no numbers of float16.
    """
    casts = []
    for name in graph.inputs:
        half = graph.builder.unused(f"{name}/float16")
        casts.append(Operation("Cast", [name], [half], {"to": FLOAT16}, name))
        for operation in operations:
            if operation.kind != "Cast" or operation.attributes["to"] in (FLOAT, FLOAT16):
                operation.read_instead(name, half)
    return casts


def _to_outputs(graph: WrittenGraph, operations: list[Operation]) -> list[Operation]:
    """Casts to the outputs, whose tensors get other names; what only copied to an output is left out."""
    casts = []
    for name in graph.outputs:
        copy = next((one for one in operations if one.kind == "Identity" and one.outputs == [name]), None)
        if copy is not None:
            operations.remove(copy)
            casts.append(Operation("Cast", list(copy.inputs), [name], {"to": FLOAT}, name))
            continue
        half = graph.builder.unused(f"{name}/float16")
        casts.append(Operation("Cast", [half], [name], {"to": FLOAT}, name))
        for operation in operations:
            operation.outputs = [half if output == name else output for output in operation.outputs]
            operation.read_instead(name, half)
        if name in graph.builder.constants:
            graph.builder.constants[half] = graph.builder.constants.pop(name)
    return casts


def _halve_attributes(operation: Operation) -> None:
    attributes = operation.attributes
    if operation.kind == "Cast" and attributes["to"] == FLOAT:
        attributes["to"] = FLOAT16
    if operation.kind == "ConstantOfShape" and "value" not in attributes:
        attributes["value"] = numpy_helper.from_array(np.zeros(1, np.float16))
    for name, value in attributes.items():
        if isinstance(value, TensorProto):
            attributes[name] = _half_tensor(value)
    for graph in operation.graphs():
        _halve_graph(graph)


def _half_tensor(tensor):
    if tensor.data_type != FLOAT:
        return tensor
    return numpy_helper.from_array(_half(numpy_helper.to_array(tensor)), tensor.name)


def _halve_graph(graph) -> None:
    """Let the graph in an attribute compute in float16."""
    for info in (*graph.input, *graph.output, *graph.value_info):
        if info.type.tensor_type.elem_type == FLOAT:
            info.type.tensor_type.elem_type = FLOAT16
    for tensor in graph.initializer:
        tensor.CopyFrom(_half_tensor(tensor))
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                attribute.t.CopyFrom(_half_tensor(attribute.t))
            elif attribute.HasField("g"):
                _halve_graph(attribute.g)
            elif node.op_type == "Cast" and attribute.name == "to" and attribute.i == FLOAT:
                attribute.i = FLOAT16
