"""The pseudo-modules `layers` and `params`: layer types, and messages with constants, are their attributes."""

from __future__ import annotations

from ..schema import messages
from ..schema.layer_types import layer_types
from ..spelling import in_brackets
from .errors import UnknownNameError
from .layer_types import warn_of_unknown
from .spec import Function

_TAIL = "Parameter"


class Layers:
    """`layers.Convolution(bottom, kernel_size=3, num_output=8)` is the Top of such a layer; with `ntop` other than 1,
    a tuple of Tops, or the layer's Function if it has none. A type that Caffe lacks is taken, with a warning.
    """

    def __getattr__(self, type_name: str):
        if type_name.startswith("_"):
            raise AttributeError(type_name)

        def layer(*inputs, **keywords):
            warn_of_unknown(type_name, stacklevel=2)
            function = Function(type_name, inputs, keywords)
            if function.ntop == 0:
                return function
            return function.tops[0] if function.ntop == 1 else function.tops
        return layer

    def __dir__(self):
        return layer_types()


class Parameters:
    """`params.Pooling.MAX` is the constant of PoolingParameter. Raises UnknownNameError for what is not there."""

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        message = messages.namespace().get(name + _TAIL)
        if message is None:
            raise UnknownNameError(f"Caffe has no parameters `{name}`{in_brackets(name, dir(self))}.")
        return _Constants(message.DESCRIPTOR)

    def __dir__(self):
        return sorted(name[:-len(_TAIL)] for name in messages.namespace() if name.endswith(_TAIL))


class _Constants:
    def __init__(self, descriptor):
        self._descriptor = descriptor

    def __getattr__(self, name: str) -> int:
        if name.startswith("_"):
            raise AttributeError(name)
        constants = self._descriptor.enum_values_by_name
        if name not in constants:
            raise UnknownNameError(f"{self._descriptor.name} has no constant `{name}`{in_brackets(name, constants)}; "
                                   f"it has {', '.join(constants) or 'none'}.")
        return constants[name].number

    def __dir__(self):
        return sorted(self._descriptor.enum_values_by_name)


layers = Layers()
params = Parameters()
