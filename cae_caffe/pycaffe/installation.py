"""Making `import caffe` mean the embedded engine."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from ..errors import InputError
from . import shims

# Caffe's own submodules, all of which import by their names after `import caffe`.
SUBMODULES = ("_caffe", "classifier", "coord_map", "detector", "draw", "io", "net_spec", "proto", "proto.caffe_pb2",
              "pycaffe")
_FOR_CHILDREN = Path(__file__).parent / "for_children"


def install(children: bool = False) -> None:
    """Let `import caffe`, and the imports of its submodules, give this package in the running process.

    With `children` also in processes that it starts: those that Python's multiprocessing spawns, which take sys.path
    over, and other Pythons, which heed PYTHONPATH. Modules that Python layers of 2015 import, and that are not to be
    had today, get stand-ins (shims/). To call it again does nothing more. Raises InputError if another `caffe` has been
    imported already.
    """
    present = sys.modules.get("caffe")
    if present is not None and present.__name__ != __package__:
        raise InputError(f"{__package__}.install(): this process has imported another `caffe` already "
                         f"({getattr(present, '__file__', None) or present.__name__}); call install() before that, in "
                         "a new process.")
    modules = {f"caffe.{name}": importlib.import_module(f"{__package__}.{name}") for name in SUBMODULES}
    sys.modules.update(modules, caffe=sys.modules[__package__])
    shims.install()
    if children:
        _lead_children()


def _lead_children() -> None:
    folders = [str(_FOR_CHILDREN), str(Path(__file__).resolve().parents[2])]
    given = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([*folders, *given]))
    sys.path += [folder for folder in folders if folder not in sys.path]
