"""The Caffe-faithful prototxt toolkit: Caffe's file formats, two engines behind pycaffe's surface, the paper's nets."""

from __future__ import annotations

import importlib
from typing import Any

from .backend import load_backend
from .errors import CaeCaffeError, InputError, RunError
from .registration import register_layer
from .version import VERSION

__all__ = ["CaeCaffeError", "InputError", "RunError", "__version__", "load_backend", "pycaffe",
           "register_layer"]

__version__ = VERSION


def __getattr__(name: str) -> Any:
    # `cae_caffe.pycaffe` needs PyTorch, which the generators and the data tools do without: import it when asked.
    if name == "pycaffe":
        return importlib.import_module(".pycaffe", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
