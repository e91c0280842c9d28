"""Flags that several commands share: those of Caffe's own tool, --backend and --threads."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from ..backend import BACKENDS
from ..errors import InputError
from . import caffe_flags
from .flag_parser import FlagParser


def int32(word: str) -> int:
    """A whole number as the fields of Caffe's messages and gflags hold it."""
    value = int(word)
    if not -2**31 <= value < 2**31:
        raise argparse.ArgumentTypeError(f"{word} is no whole number from {-2**31} to {2**31 - 1}")
    return value


def add_flag(parser: argparse.ArgumentParser, name: str, **options: Any) -> None:
    """Add the flag `name` as Caffe's own tool takes it: `-solver FILE`, `--solver FILE`, `-solver=FILE`.

    `options` are those of `ArgumentParser.add_argument`.
    """
    parser.add_argument(f"-{name}", f"--{name}", **{"dest": name, **options})


class _WithoutEffect(argparse.Action):
    """A flag that Caffe's tool takes with every action, and this one has no use for."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:
        print(f"{parser.prog}: {option_string} {values} has no effect here, nor has it in Caffe.", file=sys.stderr)


def add_flags_without_effect(parser: FlagParser) -> None:
    """Let `parser`, of one of Caffe's actions, take the flags that only the other actions use, as Caffe's tool does."""
    for name, kind in caffe_flags.CAFFE.items():
        if f"-{name}" not in parser.flags:
            add_flag(parser, name, type=kind, action=_WithoutEffect, help=argparse.SUPPRESS)


def add_state_flags(parser: argparse.ArgumentParser) -> None:
    """Add what commands that run one net in one state take: `-gpu`, `-level` and `-stage`."""
    add_flag(parser, "gpu", default="", metavar="N", help="run on this GPU")
    add_flag(parser, "level", type=int32, default=0, help="level of the net's state (default 0)")
    add_flag(parser, "stage", default="", metavar="NAME[,NAME...]", help="stages of the net's state")


def add_fork_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--fork NAME`, without a default, so that a command and its kinds may both take it."""
    parser.add_argument("-fork", "--fork", metavar="NAME", default=argparse.SUPPRESS,
                        help="the fork of Caffe that a net is written for, where its own fields do not tell: segnet or "
                             "pspnet (for the layer type BN), fcn or hed (for Crop layers that align by themselves)")


def add_trained_net(parser: argparse.ArgumentParser) -> None:
    """Add the words NET and WEIGHTS, a deploy net and its parameters."""
    parser.add_argument("net", metavar="NET", help="a deploy net, such as prototxt/cae1-n2/deploy.prototxt")
    parser.add_argument("weights", metavar="WEIGHTS", help="its .caffemodel or .caffemodel.h5")


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what commands take that run a net for long: `--threads`, and `add_backend_argument`'s."""
    add_threads_argument(parser)
    add_backend_argument(parser)


def add_backend_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--backend auto|caffe|torch` and `--no-python-layers` to a command that builds a net."""
    parser.add_argument("-backend", "--backend", choices=list(BACKENDS), default="auto",
                        help="the engine: real Caffe (caffe), the embedded one (torch), or torch if PyTorch imports "
                             "and else caffe (auto, the default)")
    add_python_layers_argument(parser)


def add_python_layers_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--no-python-layers`."""
    parser.add_argument("--no-python-layers", action="store_true",
                        help="run no code that a net names: refuse its Python layers (so does the environment's "
                             "CAE_CAFFE_PYTHON_LAYERS=refuse; commands that only look at a net refuse them anyway)")


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
