"""What the commands that write nets for elsewhere have in common: which net, as which inputs and outputs."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from ..errors import InputError
from ..graph import Node
from .arguments import int32

DIGITS = 18     # of a length, at most, as Caffe's messages hold it


def add_net_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the net, its weights and state, the shapes of inputs and the outputs."""
    parser.add_argument("net", metavar="NET", help="a prototxt: a deploy net, or one that trains, whose data layers "
                        "become inputs and whose losses fall away")
    parser.add_argument("weights", metavar="WEIGHTS", help="its .caffemodel or .caffemodel.h5")
    add_form_arguments(parser)


def add_form_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` what says which form of a net leaves: its outputs, the shapes of its inputs, its state."""
    parser.add_argument("--blob", metavar="B", action="extend", nargs="+", default=[],
                        help="blobs to be outputs (default: the net's outputs, without losses and accuracies)")
    parser.add_argument("--shape", metavar="INPUT=N,C,H,W", action="append", default=[],
                        help="an input's shape, instead of the net's own, or of data that are not here")
    parser.add_argument("--stage", metavar="S", action="append", default=[], help="with this stage of the net; may be "
                        "given more than once")
    parser.add_argument("--level", metavar="N", type=int32, default=0, help="at this level of the net (default: 0)")


def shapes_of(arguments: argparse.Namespace) -> dict[str, tuple[int, ...]]:
    """The shapes that --shape gives, by the inputs' names. Raises InputError for what is none."""
    return dict(map(_shape, arguments.shape))


def _shape(word: str) -> tuple[str, tuple[int, ...]]:
    name, equals, dims = word.rpartition("=")
    lengths = dims.split(",") if dims else []
    if not equals or not name or not all(length.isascii() and length.isdigit() for length in lengths):
        raise InputError(f"--shape {word} is no shape; give an input's name and its lengths, such as data=1,3,224,224.")
    if any(len(length) > DIGITS for length in lengths):
        raise InputError(f"--shape {word} has a length that no blob can have; Caffe's have at most 2147483647 values.")
    return name, tuple(map(int, lengths))


def keep_sources(out: str, *sources: str | None) -> None:
    """Raise InputError if the file to write is one of those that are read, which would be gone."""
    for source in filter(None, sources):
        if os.path.exists(out) and os.path.exists(source) and os.path.samefile(out, source):
            raise InputError(f"--out {out} is the file {source} itself, which is read here and would be replaced; give "
                             "the new file another name.")


def tell_dropped(nodes: Sequence[Node]) -> None:
    """Say which layers the written net is without, if any."""
    if nodes:
        print(f"Left out: {', '.join(f'{node.name} ({node.type})' for node in nodes)}")
