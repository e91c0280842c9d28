"""`cae-caffe export-torch NET WEIGHTS --out FOLDER`: a net as a PyTorch module's source and a file of weights."""

from __future__ import annotations

import argparse
import os

from ..errors import InputError
from ..interruption import unwinding
from ..printing import shown
from .arguments import add_python_layers_argument
from .engine import chosen_quiet_engine
from .export_arguments import add_net_arguments, shapes_of, tell_dropped

OFF = "off"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of `cae-caffe export-torch`."""
    add_net_arguments(parser)
    parser.add_argument("--out", metavar="FOLDER", required=True,
                        help="where to write NET.py and NET.safetensors, with the net's name for NET")
    parser.add_argument("--check", metavar="off|FILE.npz", help="write the files without running them, or run them on "
                        "these arrays, by the inputs' names (default: on made inputs)")
    add_python_layers_argument(parser)
    parser.set_defaults(backend="torch")


def run(arguments: argparse.Namespace) -> int:
    """Write the files; returns 0."""
    shapes = shapes_of(arguments)
    if arguments.out.endswith(".py") or os.path.isfile(arguments.out):
        raise InputError(f"--out {arguments.out} names a file, and a folder is needed, into which NET.py and "
                         "NET.safetensors go, with the net's name for NET; give the folder's path, such as --out "
                         f"{os.path.dirname(arguments.out) or 'models'}.")
    chosen_quiet_engine(arguments)
    from ..export import needs

    needs.require_safetensors()
    from ..export.deploy import deploy  # what they import needs PyTorch
    from ..export.opening import open_to_leave
    from ..export.proof import read_arrays
    from ..export.torch import files

    arrays = None if arguments.check in (None, OFF) else read_arrays(arguments.check)
    with unwinding():
        net = open_to_leave(arguments.net, arguments.weights, arguments.stage, arguments.level, shapes)
        deployed = deploy(net, arguments.blob)
        written = files.write(deployed, arguments.out, arrays=arrays, check=arguments.check != OFF)
    tell_dropped(deployed.dropped)
    print("\n".join(str(shown(path)) for path in written))
    return 0
