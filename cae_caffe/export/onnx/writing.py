"""What a layer is written with in ONNX: operators that take plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.layer import Layer
from ...graph import Node
from ..writing import Shape, WrittenLayer
from .builder import GraphBuilder

__all__ = ["END", "LayerWriter", "Shape"]

END = np.iinfo(np.int64).max        # of a slice: to the last, whatever the length
REDUCE_AXES_AS_INPUT = 18           # the operator set from which reductions take their axes as a tensor


class LayerWriter(WrittenLayer):
    """Writes one layer into a graph; its bottoms are tensors.

    A graph whose batch is to be dynamic is written twice, at two batches, and what differs is made dynamic (see
    batch.py): so write no constant that depends on the batch but in `reshape`.
    """

    def __init__(self, builder: GraphBuilder, node: Node, layer: Layer, bottoms: Sequence[str]):
        super().__init__(node, layer, bottoms)
        self.builder = builder

    # Parameters and constants.

    def weight(self, index: int, array: np.ndarray | None = None, name: str = "") -> str:
        """Parameter `index` as a tensor, or `array`, which is made of it; one for all layers that share it by `param`.

        `name` says what it is ("weight", "bias"), by default by its number.
        """
        values = self.array(index) if array is None else array
        owner = self.node.weights[index].owner or self.node.weights[index]
        return self.builder.parameter(values, owner, name or f"blob{index}")

    def constant(self, values: Any, dtype: Any = np.float32, name: str = "constant") -> str:
        """A constant tensor."""
        return self.builder.constant(np.asarray(values, dtype), f"{self.name}/{name}")

    def integers(self, values: Any) -> str:
        """A constant of whole numbers: axes, places, repetitions."""
        return self.constant(values, np.int64, "numbers")

    # Operators.

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """The one output of an operator."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """The outputs of an operator that has several."""
        return self.builder.add(kind, list(inputs), outputs, self.name, attributes)

    def reshape(self, x: str, shape: Sequence[int]) -> str:
        """`x` in another shape. As in ONNX a length may be 0, for the one that `x` has there, or, once, -1."""
        return self.op("Reshape", x, self.constant(shape, np.int64, "shape"))

    def transpose(self, x: str, order: Sequence[int]) -> str:
        """`x` with its axes in another order; `x` itself if that is theirs."""
        return x if list(order) == sorted(order) else self.op("Transpose", x, perm=list(order))

    def pad(self, x: str, begins: Sequence[int], ends: Sequence[int], value: float = 0, mode: str = "constant") -> str:
        """`x` with so many more values before and behind those of each axis."""
        more = [self.constant(value)] if value else []
        return self.op("Pad", x, self.integers([*begins, *ends]), *more, mode=mode)

    def slice(self, x: str, starts: Sequence[int], ends: Sequence[int], axes: Sequence[int],
              steps: Sequence[int] = ()) -> str:
        """Part of `x` along the axes; an end may be END."""
        more = [self.integers(steps)] if steps else []
        return self.op("Slice", x, self.integers(starts), self.integers(ends), self.integers(axes), *more)

    def reduce(self, kind: str, x: str, axes: Sequence[int], keepdims: bool = True) -> str:
        """ReduceSum, ReduceMean, ReduceMax ... of `x` over the axes."""
        if kind == "ReduceSum" or self.builder.opset >= REDUCE_AXES_AS_INPUT:
            return self.op(kind, x, self.integers(axes), keepdims=int(keepdims))
        return self.op(kind, x, axes=list(axes), keepdims=int(keepdims))

    def split(self, x: str, lengths: Sequence[int], axis: int) -> list[str]:
        """`x` in parts of these lengths along the axis."""
        return self.ops("Split", len(lengths), x, self.integers(lengths), axis=axis)

    def cast(self, x: str, dtype: Any) -> str:
        """`x` in another type of numpy's, such as np.float32."""
        from onnx import helper

        return self.op("Cast", x, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def times(self, x: str, factor: float) -> str:
        """`x` times a number; `x` itself if that is 1."""
        return x if factor == 1 else self.op("Mul", x, self.constant(factor))

    def plus(self, x: str, term: float) -> str:
        """`x` and a number; `x` itself if that is 0."""
        return x if term == 0 else self.op("Add", x, self.constant(term))
