"""`import caffe` in a process that a script under `cae-caffe run` starts: the engine takes this module's place.

In a Python that does not have the engine, such as real Caffe's own, the next `caffe` of sys.path takes it. Under its
name within the package this module does nothing.
"""

import importlib
import sys
from pathlib import Path

from cae_caffe.backend import automatic_name


def _give_way() -> None:
    del sys.modules[__name__]
    if automatic_name() == "torch":
        importlib.import_module("cae_caffe.pycaffe").install()
    else:
        sys.path.remove(str(Path(__file__).parents[1]))
        importlib.invalidate_caches()
        importlib.import_module(__name__)


if __name__ == "caffe":
    _give_way()
