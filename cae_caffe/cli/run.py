"""`cae-caffe run SCRIPT.py [ARGUMENT ...]`: runs a script that says `import caffe`, unchanged."""

from __future__ import annotations

import argparse

from ..running.script import run_script
from .arguments import add_engine_arguments
from .engine import chosen_backend


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of `cae-caffe run`."""
    add_engine_arguments(parser)
    parser.add_argument("--from-python2", action="store_true",
                        help="the script is Python 2: translate it, and the modules of its own folders, as they run")
    parser.add_argument("script", metavar="SCRIPT.py", help="the script; this command's own flags go before it")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGUMENT", help="what the script is given")


def run(arguments: argparse.Namespace) -> int:
    """Run the script; returns its exit status."""
    return run_script(chosen_backend(arguments), arguments.script, arguments.arguments,
                      arguments.from_python2)
