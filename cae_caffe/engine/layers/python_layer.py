"""Python: layers that users write, as classes derived from caffe.Layer (include/caffe/layers/python_layer.hpp)."""

from __future__ import annotations

import importlib
import types
from typing import Callable, NamedTuple

from ... import python_layers
from ...errors import InputError
from .. import blob_proto, log
from ..blob import Blob
from ..layer import Layer, at_least
from ..traits import Traits
from .registry import register

PHASES = {"TRAIN": 0, "TEST": 1}        # as caffe.TRAIN and caffe.TEST


class Surface(NamedTuple):
    """What users' layers see of the engine: pycaffe's names, which live above it."""

    layer: type                         # the base class; its instances are made from the engine's layer
    blob: Callable[[Blob], object]
    install: Callable[[], None]         # lets `import caffe` give these


_surface: Surface | None = None


def show_through(surface: Surface) -> None:
    """Let the layers of this type show themselves and the net's blobs through `surface`; pycaffe calls it."""
    global _surface
    _surface = surface


def _shown() -> Surface:
    if _surface is None:
        raise InputError("its class derives from caffe.Layer, which is not loaded; `import cae_caffe.pycaffe` first.")
    return _surface


@register("Python")
class PythonLayer(Layer):
    """Runs the methods setup, reshape, forward and backward of an object of the user's class.

    The class is `layer` of the module `module`, imported as Python imports it. The object gets the attributes
    `param_str` and `phase`; of a class that reads `param_str_` both are as in early 2015. As in Caffe, its `reshape`
    runs before each forward pass, and what its methods raise reaches whoever runs the net.
    """

    bottoms = at_least(0)
    tops = at_least(0)
    # Whether it can run in place, the user's code knows.
    traits = Traits(runs_in_place=True, capturable=False, shows_blobs=True)

    def __init__(self, param, context):
        super().__init__(param, context)
        python = param.python_param
        log.always("python_layer.py", f"The layer {param.name} runs {python_layers.code(python)}")
        self.object = _find_class(python.module, python.layer)(self)

    def setup(self, bottom, top):
        for i, message in enumerate(self.stored_blobs):
            self.blobs.append(Blob(blob_proto.shape_of(message)))
            blob_proto.read(message, self.blobs[-1], name=f"number {i} of its `blobs`")
        self.object.param_str = self.param.python_param.param_str
        self.object.phase = PHASES[self.param.phase]
        if _is_of_2015(type(self.object)):
            self.object.param_str_ = self.param.python_param.param_str
            self.object.phase = PhaseOf2015(PHASES[self.param.phase])
        self.object.setup(_views(bottom), _views(top))

    def adapt(self, bottom, top):
        self.reshape(bottom, top)

    def reshape(self, bottom, top):
        self.object.reshape(_views(bottom), _views(top))

    def forward(self, bottom, top):
        self.object.forward(_views(bottom), _views(top))

    def backward(self, top, propagate_down, bottom):
        self.object.backward(_views(top), list(propagate_down), _views(bottom))


class PhaseOf2015(int):
    """A phase that prints as its name, as in the pycaffe of caffe-fast-rcnn: cfg[str(self.phase)] is common there."""

    def __str__(self) -> str:
        return next(name for name, number in PHASES.items() if number == self)


def _is_of_2015(layer_class: type) -> bool:
    """Whether the class reads `param_str_`, as what is now `param_str` was called in the first half of 2015."""
    functions = [value for base in layer_class.__mro__ for value in vars(base).values()]
    return any("param_str_" in function.__code__.co_names for function in functions
               if isinstance(function, types.FunctionType))


def _views(blobs: list[Blob]) -> list:
    show = _shown().blob
    return [show(blob) for blob in blobs]


def _find_class(module_name: str, class_name: str) -> type:
    surface = _shown()
    surface.install()
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise           # the module is there; what it imports is not
        raise InputError(f"its module `{module_name}` is not found; put the folder of {module_name}.py into PYTHONPATH "
                         "or sys.path.") from None
    except SyntaxError as error:
        raise InputError(f"its module `{module_name}` is no Python 3: {error.msg} ({error.filename}, line "
                         f"{error.lineno}). Correct it; if it is Python 2, run a script that uses the net by "
                         "`cae-caffe run --from-python2`, which translates it, or convert it by 2to3.") from None
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, surface.layer)):
        raise InputError(f"its `layer` {class_name} is no class of the module `{module_name}` ({module.__file__}) that "
                         "derives from caffe.Layer; correct the name, or the class.")
    return found
