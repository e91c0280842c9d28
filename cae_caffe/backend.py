"""The choice of engine: real Caffe's `caffe` module as it is, or the embedded engine behind the same names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Callable

from .errors import InputError
from .wait_policy import wait_passively

if TYPE_CHECKING:
    from . import pycaffe
    from .backend_protocol import Backend, EmbeddedBackend
    _has_all: EmbeddedBackend = pycaffe

EMBEDDED = f"{__package__}.pycaffe"
OLDEST_PYTHON = (3, 10)         # of the embedded engine
CAFFE_REMEDY = ("run it by `.caffe/with-caffe python3 ...` (scripts/install-caffe makes the folder .caffe/), or choose "
                "the embedded engine (torch)")


class NoCaffeError(InputError):
    """`import caffe` does not give real Caffe in this Python; another Python of this machine may have it."""


def load_backend(name: str = "auto") -> Backend:
    """Return the engine `name`, a module with pycaffe's names (`Net`, `get_solver`, `SGDSolver`, `set_mode_gpu` ...).

    `name` is "caffe" (real Caffe, the module `caffe` as it is), "torch" (the embedded engine, `cae_caffe.pycaffe`), or
    "auto": torch where PyTorch imports, else caffe. Raises InputError for any other name and where the engine is not
    there; for real Caffe it is a NoCaffeError.
    """
    if name not in BACKENDS:
        raise InputError(f"The backend {name!r} is unknown; choose one of {', '.join(BACKENDS)}.")
    module: Any = BACKENDS[name]()
    return module


def automatic_name() -> str:
    """What "auto" stands for here, "torch" where PyTorch is installed, else "caffe"; imports neither."""
    has_torch = sys.version_info >= OLDEST_PYTHON and importlib.util.find_spec("torch") is not None
    return "torch" if has_torch else "caffe"


def describe(backend: Backend, gpu: int | str | None = None) -> str:
    """The engine in words, as "real Caffe 1.0.0 on CPU"; `gpu` is the number of the device that it is to run on."""
    device = "CPU" if gpu is None else f"GPU {gpu}"
    if _is_embedded(backend):
        return f"embedded (PyTorch {importlib.import_module('torch').__version__}) on {device}"
    return f"real Caffe {getattr(backend, '__version__', 'of unknown version')} on {device}"


def _is_embedded(module: object) -> bool:
    return getattr(module, "__name__", None) == EMBEDDED


def _embedded() -> ModuleType:
    reason = _why_not_torch()
    if reason:
        raise InputError(f"The embedded engine is not there, for {reason}; install it by `pip install "
                         "'cae-caffe[engine]'` in Python 3.10 or newer, or choose real Caffe (caffe).")
    return importlib.import_module(EMBEDDED)


def _why_not_torch() -> str | None:
    if sys.version_info < OLDEST_PYTHON:
        return f"it needs Python 3.10 or newer and this is {sys.version.split()[0]}"
    wait_passively()
    try:
        importlib.import_module("torch")
    except (ImportError, OSError) as error:     # OSError: a shared library of PyTorch's does not load
        return f"PyTorch does not import ({error})"
    return None


def _real() -> ModuleType:
    try:
        module = importlib.import_module("caffe")
    except Exception as error:      # whatever a broken install raises: a missing library, protobuf's TypeError ...
        raise NoCaffeError(f"Real Caffe is not there: `import caffe` fails in this Python {sys.version.split()[0]} "
                           f"({type(error).__name__}: {error}); {CAFFE_REMEDY}.") from error
    if _is_embedded(module):
        raise NoCaffeError("Real Caffe cannot be had in this process: `import caffe` means the embedded engine here, "
                           f"since {EMBEDDED}.install() was called; start another process without that call, and "
                           f"{CAFFE_REMEDY}.")
    if not hasattr(module, "SGDSolver"):
        raise NoCaffeError(f"Real Caffe is not there: `import caffe` finds {_place(module)}, which is not pycaffe "
                           f"(it has no SGDSolver); start elsewhere or mend PYTHONPATH, or {CAFFE_REMEDY}.")
    return module


def _place(module: ModuleType) -> str:
    # A namespace package, such as Caffe's source tree, has no file.
    return getattr(module, "__file__", None) or f"the folder {next(iter(module.__path__))}"


def _automatic() -> ModuleType:
    reason = _why_not_torch()
    if reason is None:
        return _embedded()
    try:
        return _real()
    except NoCaffeError as error:
        raise NoCaffeError(f"There is no engine: {reason}, and real Caffe is not there either. Install PyTorch by `pip "
                           f"install 'cae-caffe[engine]'`, or see this. {error}") from error


BACKENDS: dict[str, Callable[[], ModuleType]] = {"auto": _automatic, "caffe": _real, "torch": _embedded}
