"""Layers as Python values: a Function is a layer, its tops are the bottoms of others, a NetSpec names them."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Any

from .. import schema
from ..schema import layer_types
from ..spelling import in_brackets
from .assign import assign_proto
from .errors import UnknownNameError, UnknownTopError, WrongValueError
from .fields import fields_of


class Function:
    """A layer: `type_name`, the Tops `inputs`, and `params`, its keywords but for `ntop` and `in_place`.

    `ntop` (1) says how many Tops it has, `in_place` (False) that its tops are its bottoms. Raises UnknownNameError or
    WrongValueError for a keyword or a value that the schema does not know.
    """

    def __init__(self, type_name: str, inputs: tuple[Top, ...], params: dict[str, Any]):
        for number, top in enumerate(inputs):
            if not isinstance(top, Top):
                # In these words to their end, which Caffe's own test of net_spec matches.
                raise WrongValueError(f"{type_name} input {number} is not a Top (type is {type(top)})")
        self.type_name = type_name
        self.inputs = inputs
        self.params = dict(params)
        self.ntop: int = self.params.pop("ntop", 1)
        self.in_place: bool = self.params.pop("in_place", False)
        self.tops = tuple(Top(self, n) for n in range(self.ntop))
        self.write_params(schema.LayerParameter())         # a mistake shows in the line that makes it

    def write_params(self, layer) -> None:
        """Put the keywords into the LayerParameter `layer`."""
        for name, value in self.params.items():
            assign_proto(self._message_for(name, layer), name, value)

    def _message_for(self, name: str, layer):
        """The part of `layer` that has the field `name`: one of its `*_param` messages before the layer itself."""
        fields = schema.LayerParameter.DESCRIPTOR.fields_by_name
        homes = () if name.endswith("param") else fields_of(self.type_name)
        for home in homes:
            if name in fields[home].message_type.fields_by_name:
                return getattr(layer, home)
        if name in fields:
            return layer
        known = [key for home in homes for key in fields[home].message_type.fields_by_name]
        types = layer_types.layer_types()
        meant = "" if self.type_name in types else layer_types.meaning(self.type_name, types)
        raise UnknownNameError(f"A {self.type_name} layer{meant} has no parameter `{name}`"
                               f"{in_brackets(name, [*known, *fields, 'ntop', 'in_place'])}.")


class Top:
    """An output of a layer: number `n` of the Function `fn`."""

    def __init__(self, fn: Function, n: int):
        self.fn = fn
        self.n = n

    def to_proto(self):
        """The NetParameter of all layers that this top needs, with names made from their types."""
        return to_proto(self)


class NetSpec:
    """A net as a set of named tops: `n.conv1 = L.Convolution(...)`, or n["conv1"] = ....

    `tops` holds them by name, in their order. A layer without tops is assigned, too, to be part of the net.
    """

    tops: OrderedDict

    def __init__(self):
        object.__setattr__(self, "tops", OrderedDict())

    def __setattr__(self, name: str, top: Top | Function) -> None:
        if not isinstance(top, (Top, Function)):
            raise WrongValueError(f"`{name}` is assigned {top!r}, which is not a Top; assign what a layer returned, "
                                  "and each top of several to a name of its own.")
        self.tops[name] = top

    def __getattr__(self, name: str) -> Top | Function:
        if name == "tops" or name.startswith("__"):         # asked for by copy and pickle before there is an instance
            raise AttributeError(name)
        if name not in self.tops:
            raise UnknownTopError(f"The net has no top `{name}`{in_brackets(name, self.tops)}.")
        return self.tops[name]

    def __setitem__(self, name: str, top: Top | Function) -> None:
        setattr(self, name, top)

    def __getitem__(self, name: str) -> Top | Function:
        return getattr(self, name)

    def __dir__(self):
        return [*super().__dir__(), *self.tops]

    def to_proto(self):
        """The NetParameter of all layers that the named tops need, in the order in which they were assigned."""
        return _net(self.tops.values(), {top: name for name, top in self.tops.items()})


def to_proto(*tops: Top):
    """The NetParameter of all layers that these tops need, with names made from their types."""
    return _net(tops, {})


def _net(tops, names: dict):
    writer = _Writer(names)
    for top in tops:
        writer.add(top.fn if isinstance(top, Top) else top)
    net = schema.NetParameter()
    net.layer.extend(writer.layers.values())
    return net


class _Writer:
    """Writes layers after all that they need; `names` holds those given to Tops and Functions, and the others count up
    by type, as Caffe's do: Convolution1, Convolution2, ...
    """

    def __init__(self, names: dict):
        self.layers: OrderedDict = OrderedDict()
        self._names = names
        self._counts: Counter = Counter()

    def add(self, function: Function) -> None:
        """Write `function` and what it needs. A stack of our own, for nets are deeper than Python's recursion."""
        pending = [function]
        while pending:
            missing = next((top.fn for top in pending[-1].inputs if top.fn not in self.layers), None)
            if missing is not None:
                pending.append(missing)
                continue
            ready = pending.pop()
            if ready not in self.layers:
                self.layers[ready] = self._layer(ready)

    def _layer(self, function: Function):
        layer = schema.LayerParameter(type=function.type_name)
        layer.bottom.extend(self.layers[top.fn].top[top.n] for top in function.inputs)
        layer.top.extend(layer.bottom if function.in_place else [self._name(top) for top in function.tops])
        # A layer is called like its first top.
        layer.name = self._name(function.tops[0] if function.tops else function)
        function.write_params(layer)
        return layer

    def _name(self, named: Top | Function) -> str:
        if named not in self._names:
            kind = named.fn.type_name if isinstance(named, Top) else named.type_name
            self._counts[kind] += 1
            self._names[named] = f"{kind}{self._counts[kind]}"
        return self._names[named]
