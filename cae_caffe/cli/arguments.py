"""Flags that several commands share: those of Caffe's own tool, --backend and --threads."""

from __future__ import annotations

import argparse
import os
from typing import Any

from ..backend import BACKENDS
from ..errors import InputError


def add_flag(parser: argparse.ArgumentParser, name: str, **options: Any) -> None:
    """Add the flag `name` as Caffe's own tool takes it: `-solver FILE`, `--solver FILE`, `-solver=FILE`.

    `options` are those of `ArgumentParser.add_argument`.
    """
    parser.add_argument(f"-{name}", f"--{name}", **{"dest": name, **options})


def add_backend_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--backend auto|caffe|torch` to a command that runs a net."""
    parser.add_argument("-backend", "--backend", choices=list(BACKENDS), default="auto",
                        help="the engine: real Caffe (caffe), the embedded one (torch), or torch if PyTorch imports "
                             "and else caffe (auto, the default)")


def add_threads_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--threads N` to a command that runs a net."""
    parser.add_argument("-threads", "--threads", type=int, metavar="N",
                        help="processor threads, which then wait for each other actively: fastest where so many cores "
                             "are free (default: by the size of the net, 1 to 4, waiting passively)")


def apply_threads(arguments: argparse.Namespace) -> None:
    """Tell the numeric libraries of either engine, which read the environment when they load, how many threads to use.

    Raises InputError for less than one.
    """
    if arguments.threads is None:
        return
    if arguments.threads < 1:
        raise InputError(f"--threads {arguments.threads} is no number of threads; give at least 1.")
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(arguments.threads)
    os.environ["OMP_WAIT_POLICY"] = "active"
