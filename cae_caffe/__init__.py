"""The Caffe-faithful prototxt toolkit: Caffe's file formats, two engines behind pycaffe's surface, the paper's nets."""

from __future__ import annotations

import importlib

from .errors import CaeCaffeError, InputError, RunError
from .version import VERSION

TYPE_CHECKING = False       # type checkers know the name; to import `typing` takes longer than all the rest here
if TYPE_CHECKING:
    from typing import Any

    from .backend import load_backend
    from .export.onnx.convert import to_onnx
    from .export.torch.convert import to_torch
    from .export.torch.from_torch import from_torch
    from .registration import register_layer

__all__ = ["CaeCaffeError", "InputError", "RunError", "__version__", "from_torch", "load_backend", "pycaffe",
           "register_layer", "to_onnx", "to_torch"]

__version__ = VERSION

# Where the names are that are imported when asked for, so that no command waits for what it does without.
_HOMES = {"from_torch": ".export.torch.from_torch", "load_backend": ".backend", "register_layer": ".registration",
          "to_onnx": ".export.onnx.convert", "to_torch": ".export.torch.convert"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name], __name__), name)
    if name == "pycaffe":       # needs PyTorch
        return importlib.import_module(".pycaffe", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
