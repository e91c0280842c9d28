"""What a layer is written with in PyTorch: modules that take plain values, and expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import nn

from ...engine.layer import Layer
from ...graph import Node
from ..writing import WrittenLayer
from .back import Back
from .builder import ModuleBuilder
from .literals import Expression, arguments


class LayerWriter(WrittenLayer):
    """Writes one layer into a module; its `bottoms` and `tops` are names of variables.

    The module takes any batch, and images of any size where the net does: so write no length that depends on them, but
    read it from the bottom, as in `{x}.shape[0]`.
    """

    def __init__(self, builder: ModuleBuilder, node: Node, layer: Layer, bottoms: Sequence[str],
                 tops: Sequence[str]):
        super().__init__(node, layer, bottoms)
        self.builder, self.tops = builder, list(tops)

    def module(self, kind: type[nn.Module], *positional: Any, state: Mapping[str, int | np.ndarray] | None = None,
               back: Back | None = None, **named: Any) -> str:
        """The expression, such as `self.conv1`, of a module of PyTorch's or of modules/, made with these arguments.

        `state` has its tensors by name: the number of the parameter that it is, or values. Where these are computed
        from parameters, `back`, a Back, says how parameters come of the tensors again. Layers that share parameters by
        `param` share them here.
        """
        constructor = f"{self.builder.class_text(kind)}({arguments(positional, named)})"
        tensors = {key: self.node.weights[value] if isinstance(value, int) else value
                   for key, value in (state or {}).items()}
        numbers = {key: value for key, value in (state or {}).items() if isinstance(value, int)}
        back = back or Back(numbers, constants=tensors.keys() - numbers.keys())
        return f"self.{self.builder.add_module(self.node, constructor, tensors, back)}"

    def kind(self, module: type[nn.Module]) -> Expression:
        """A class, as an argument for another module."""
        return Expression(self.builder.class_text(module))

    def apply(self, kind: type[nn.Module], *positional: Any, **named: Any) -> str:
        """A module's expression, as of `module`, called with all bottoms."""
        return f"{self.module(kind, *positional, **named)}({', '.join(self.bottoms)})"

    def parameter(self, index: int) -> str:
        """The expression of parameter `index`, without a module around it."""
        return f"self.{self.builder.add_parameter(self.node, self.node.weights[index])}"

    def constant(self, expression: str) -> str:
        """The expression of a constant tensor, which `expression` makes once."""
        return f"self.{self.builder.add_buffer(self.node, expression)}"

    def let(self, expression: str) -> str:
        """A new variable that has the value of `expression`."""
        variable = self.builder.variables.unused(self.name, "value")
        self.builder.forward.append(f"{variable} = {expression}")
        return variable

    def let_tops(self, expression: str) -> list[str]:
        """The tops' variables, which have the values of `expression` until a further line changes them."""
        self.builder.forward.append(f"{', '.join(self.tops)} = {expression}")
        return self.tops
