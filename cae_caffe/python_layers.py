"""Python layers are code that a prototxt names: what code that is, and whether it may run."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable
from typing import Any

from .errors import InputError
from .printing import times

VARIABLE = "CAE_CAFFE_PYTHON_LAYERS"
REFUSE, RUN = "refuse", "run"
# Layers of py-faster-rcnn of which this package has its own, for where they cannot be imported (pycaffe/shims).
STAND_INS = {"rpn.anchor_target_layer", "rpn.proposal_layer", "rpn.proposal_target_layer", "roi_data_layer.layer"}


def refuse() -> None:
    """Refuse Python layers from now on, in this process and those that it starts."""
    os.environ[VARIABLE] = REFUSE


def refuse_unless_allowed() -> None:
    """As `refuse`, unless the user's environment says that they may run."""
    if not os.environ.get(VARIABLE):        # set, but empty, says nothing
        refuse()


def are_refused() -> bool:
    """Whether Python layers may not run. Raises InputError if the environment's word is not known."""
    word = os.environ.get(VARIABLE) or RUN
    if word not in (REFUSE, RUN):
        raise InputError(f"The environment says {VARIABLE}={word}; it must be {REFUSE} or {RUN}.")
    return word == REFUSE


def check(layers: Iterable[Any], name: str, lines: Iterable[int | None]) -> None:
    """Raises InputError, naming all of them, if `layers` has Python layers and they are refused; this package's own
    stand-ins never are.

    `layers` are LayerParameters of the net in the file `name`, which stand there in `lines`.
    """
    found = [(layer, line) for layer, line in zip(layers, lines)
             if layer.type == "Python" and not _is_ours(layer.python_param.module)]
    if found and are_refused():
        lines_by_code: dict[str, list[int | None]] = {}
        first: dict[str, str] = {}
        for layer, line in found:
            what = code(layer.python_param)
            lines_by_code.setdefault(what, []).append(line)
            first.setdefault(what, f"{name}:{line}: the Python layer `{layer.name}`" if line else
                             f"{name}: the Python layer `{layer.name}`")
        raise InputError(
            *(f"{first[what]} would run {what}{times(same)}." for what, same in lines_by_code.items()),
            f"Python layers are refused by commands that only look at a net, by --no-python-layers, and by {VARIABLE}="
            f"{REFUSE}. Read that code first; {VARIABLE}={RUN} lets it run.")


def _is_ours(module: str) -> bool:
    """Whether a stand-in of this package's has been imported as `module`, or would be."""
    if module not in STAND_INS:
        return False
    if module in sys.modules:
        loader = getattr(sys.modules[module], "__loader__", None)
    else:
        spec = importlib.util.find_spec(module.partition(".")[0])
        loader = spec and spec.loader
        if spec is None:
            return True
    return type(loader).__module__.startswith(f"{__package__}.")


def code(python_param: Any) -> str:
    """The code that a PythonParameter names: class, module, and the module's file, found without importing it."""
    module = python_param.module
    return f"the class `{python_param.layer}` of the module `{module}` ({_file(module)})"


def _file(module: str) -> str:
    if module in sys.modules:
        return getattr(sys.modules[module], "__file__", None) or "imported already"
    package = module.partition(".")[0]      # to find what is inside it, Python would import it
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):       # an empty name; a module that says nothing of where it comes from
        spec = None
    if spec is None:
        return "which is not found"
    where = spec.origin or next(iter(spec.submodule_search_locations or ()), "found")
    return where if package == module else f"in {where}"
