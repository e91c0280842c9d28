"""A module's source under construction: the lines of its methods, the helpers that it uses, and its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from torch import nn

from ...graph import Node, Weight
from . import modules
from .back import Back, Return
from .literals import literal
from .names import ATTRIBUTES, VARIABLES, Names
from .registry import Inexpressible


@dataclass(frozen=True)
class Tensor:
    """A tensor of the module's state_dict: its values, and the parameter of Caffe's that they are, or None.

    It may have another shape than Caffe's parameter, but the same values in the same order.
    """

    values: np.ndarray
    weight: Weight | None


@dataclass(frozen=True)
class _Place:
    """Where a parameter is: `key` of the module `attribute`, which `constructor` makes, or of the net itself ("")."""

    attribute: str
    key: str
    constructor: str
    shape: tuple[int, ...]

    @property
    def path(self) -> str:
        return f"{self.attribute}.{self.key}" if self.key else self.attribute


@dataclass
class ModuleBuilder:
    """Lines of `__init__` and `forward`, the `helpers` (classes of modules/), and `tensors` by their names.

    `returns` say how tensors become parameters again, in the layers' order; `ties` are the names of tensors that are
    others, with the others' names.
    """

    init: list[str] = field(default_factory=list)
    forward: list[str] = field(default_factory=list)
    helpers: dict[str, type[nn.Module]] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    returns: list[Return] = field(default_factory=list)
    ties: dict[str, str] = field(default_factory=dict)
    attributes: Names = field(default_factory=lambda: Names(ATTRIBUTES))
    variables: Names = field(default_factory=lambda: Names(VARIABLES))
    _places: dict[Weight, _Place] = field(default_factory=dict)

    def class_text(self, module: type[nn.Module]) -> str:
        """How the source names a class of PyTorch or of modules/; the latter's source will be in it."""
        if not module.__module__.startswith(modules.__name__):
            return f"nn.{module.__name__}"
        for base in reversed(module.__mro__):
            if base.__module__.startswith(modules.__name__):
                self.helpers[base.__name__] = base
        return module.__name__

    def add_module(self, node: Node, constructor: str, state: Mapping[str, Weight | np.ndarray], back: Back) -> str:
        """The attribute, such as `conv1`, of a module with these tensors, which belongs to the layer `node`.

        `back` says how the parameters in `state` come of its tensors again.
        It is an earlier layer's if that shares all parameters and is made alike. Raises as `_tie`.
        """
        found = self._shared(constructor, state)
        if found:
            return found
        attribute = self.attributes.unused(node.name, "layer")
        self.init.append(f"self.{attribute} = {constructor}")
        for key, values in state.items():
            if isinstance(values, Weight):
                self._place(values, _Place(attribute, key, constructor, tuple(values.shape)))
            else:
                self.tensors[f"{attribute}.{key}"] = Tensor(values, None)
        if state:
            self.returns.append(Return(attribute, node.weights, back))
        return attribute

    def add_parameter(self, node: Node, weight: Weight) -> str:
        """The attribute with a parameter of the layer `node`, or the path of the one that it shares."""
        shape = tuple(weight.shape)
        place = self._places.get(weight.owner or weight)
        if place is not None and place.shape == shape:
            return place.path
        attribute = self.attributes.unused(node.name, "layer")
        self.init.append(f"self.{attribute} = nn.Parameter(torch.zeros({literal(shape)}))")
        self._place(weight, _Place(attribute, "", "", shape))
        self.returns.append(Return(attribute, node.weights, Back({"": weight.index})))
        return attribute

    def add_buffer(self, node: Node, expression: str) -> str:
        """The attribute with a constant, which the state_dict has not."""
        attribute = self.attributes.unused(node.name, "layer")
        self.init.append(f'self.register_buffer("{attribute}", {expression}, persistent=False)')
        return attribute

    def _shared(self, constructor: str, state: Mapping[str, Weight | np.ndarray]) -> str | None:
        """The attribute of an earlier module that is made alike and has all these tensors, if there is one."""
        places = {key: self._places.get(weight.owner or weight)
                  for key, weight in state.items() if isinstance(weight, Weight)}
        attributes = {place.attribute if place and (place.key, place.constructor) == (key, constructor) else None
                      for key, place in places.items()}
        found = attributes.pop() if len(attributes) == 1 else None
        same = all(np.array_equal(self.tensors[f"{found}.{key}"].values, values)
                   for key, values in state.items() if found and not isinstance(values, Weight))
        return found if same else None

    def _place(self, weight: Weight, place: _Place) -> None:
        """Let `weight` be there, or, if it is shared, let the one there be the earlier one.

        Raises Inexpressible if that has another shape.
        """
        earlier = self._places.setdefault(weight.owner or weight, place)
        if earlier is place:
            self.tensors[place.path] = Tensor(np.array(weight.array), weight)
        elif earlier.shape != place.shape:
            raise Inexpressible(f"it shares the parameter `{weight.name}` in another shape than its owner's, which a "
                                "tensor of a module cannot have")
        else:
            self.init.append(f"self.{place.path} = self.{earlier.path}")
            self.ties[place.path] = earlier.path
