"""The engine for commands that show nothing of its log."""

from __future__ import annotations

import argparse
import os
from types import ModuleType

from .backend_argument import chosen_backend

ERRORS = "2"


def chosen_quiet_engine(arguments: argparse.Namespace) -> ModuleType:
    """Return `chosen_backend(arguments)`, told to log nothing but errors (unless GLOG_minloglevel says otherwise).

    Real Caffe writes some lines for every layer of a net that it builds; it reads the variable when it is imported.
    """
    os.environ.setdefault("GLOG_minloglevel", ERRORS)
    return chosen_backend(arguments)
