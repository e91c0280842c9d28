"""`cae-caffe device_query`: lists the accelerators that the embedded engine can use."""

from __future__ import annotations

import argparse
import importlib

from ..backend import load_backend
from .arguments import add_flag


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of `cae-caffe device_query`."""
    add_flag(parser, "gpu", default="all", metavar="N[,N...]", help="these alone (default all)")


def run(arguments: argparse.Namespace) -> int:
    """Print what the accelerators are."""
    load_backend("torch")           # says what is missing where the engine cannot be had
    importlib.import_module("..pycaffe.devices", __package__).query(arguments.gpu)
    return 0
