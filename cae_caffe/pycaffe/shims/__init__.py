"""Stand-ins for what Python layers of 2015 import, py-faster-rcnn's and R-FCN's above all, and is not to be had today.

- `utils.cython_bbox`, `utils.cython_nms`, `nms.cpu_nms` and `nms.gpu_nms` are compiled, and for Python 2: the same
  functions in NumPy.
- `easydict` may not be installed: its class EasyDict.
- `yaml` itself is taken, but `yaml.load` may be called without a Loader, which PyYAML 6 refuses.

- `rpn.proposal_layer`, `rpn.anchor_target_layer`, `rpn.proposal_target_layer` and `roi_data_layer.layer` are
  py-faster-rcnn's layers themselves, for nets without it: layers that compute the same, with the settings of
  settings.py; the last has shapes only.

A module that can be imported is never replaced. Only where it is missing (or, if it is compiled, its import fails), its
stand-in is taken, and the log says so. `install` is called by installation.py.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import sys
import types
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from ...engine import log

STAND_INS = {
    "easydict": "easydict",
    "rpn": "",      # a package, in which others are found
    "rpn.anchor_target_layer": "anchor_target_layer",
    "rpn.proposal_layer": "proposal_layer",
    "rpn.proposal_target_layer": "proposal_target_layer",
    "roi_data_layer": "",
    "roi_data_layer.layer": "roi_data_layer",
    "utils.cython_bbox": "overlaps",
    "utils.cython_nms": "suppression",
    "nms.cpu_nms": "suppression",
    "nms.gpu_nms": "suppression",
}
COMPILED = {"utils.cython_bbox", "utils.cython_nms", "nms.cpu_nms", "nms.gpu_nms"}
YAML = "yaml"


def install() -> None:
    """Let imports that fail find the stand-ins. To call it again does nothing more."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())
    if YAML in sys.modules:
        let_load_without_loader(sys.modules[YAML])


class Finder(MetaPathFinder):
    """Finds the modules that have a stand-in, by way of all other finders."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        """As Python's finders; None for all other modules."""
        if fullname not in STAND_INS and fullname != YAML:
            return None
        found = self._by_others(fullname, path, target)
        if (found is None and fullname != YAML) or fullname in COMPILED:
            stand_in = STAND_INS[fullname]
            origin = str(Path(__file__).with_name(f"{stand_in or '__init__'}.py"))
            return ModuleSpec(fullname, _OrStandIn(fullname, found), origin=origin, is_package=not stand_in)
        if fullname == YAML and found is not None and found.loader is not None:
            execute = found.loader.exec_module
            found.loader.exec_module = functools.partial(_then_let_load, execute)   # type: ignore[method-assign]
        return found

    def _by_others(self, *arguments: Any) -> ModuleSpec | None:
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                found = finder.find_spec(*arguments)
                if found is not None:
                    return found
        return None


class _OrStandIn(Loader):
    """Loads the module that was found, or its stand-in."""

    def __init__(self, fullname: str, found: ModuleSpec | None):
        self._fullname, self._found = fullname, found

    def exec_module(self, module: types.ModuleType) -> None:
        reason = "it is not found"
        if self._found is not None and self._found.loader is not None:
            try:
                real = importlib.util.module_from_spec(self._found)
                self._found.loader.exec_module(real)
                sys.modules[self._fullname] = real      # which Python then takes
                return
            except ImportError as error:
                reason = str(error)
        if not STAND_INS[self._fullname]:
            return
        stand_in = importlib.import_module(f"{__name__}.{STAND_INS[self._fullname]}")
        log.always("shims.py", f"The module {self._fullname} cannot be imported ({reason}); {stand_in.__name__} stands "
                               "in for it")
        module.__dict__.update({name: value for name, value in vars(stand_in).items() if not name.startswith("__")})


def _then_let_load(execute: Callable[[types.ModuleType], None], module: types.ModuleType) -> None:
    execute(module)
    let_load_without_loader(module)


def let_load_without_loader(yaml: Any) -> None:
    """Let `yaml.load(text)` read as the FullLoader does, if it would refuse to be called so."""
    load = yaml.load
    if inspect.signature(load, follow_wrapped=False).parameters["Loader"].default is not inspect.Parameter.empty:
        return

    @functools.wraps(load)
    def load_as_before(stream: Any, Loader: Any = None) -> Any:     # noqa: N803 - PyYAML's name
        if Loader is None:
            log.info_once("shims.py", "yaml.load without a Loader reads with yaml.FullLoader")
            Loader = yaml.FullLoader        # noqa: N806
        return load(stream, Loader)

    yaml.load = load_as_before
