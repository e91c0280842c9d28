"""`cae-caffe import-torch NET FILE --out F.caffemodel`: weights of a PyTorch module become a net's .caffemodel."""

from __future__ import annotations

import argparse

from ..interruption import unwinding
from ..printing import shown, shown_lines
from .arguments import add_python_layers_argument
from .engine import chosen_quiet_engine
from .export_arguments import add_form_arguments, keep_sources, shapes_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of `cae-caffe import-torch`."""
    parser.add_argument("net", metavar="NET", help="the prototxt that was exported, or one of the same layers")
    parser.add_argument("file", metavar="FILE", help="a .safetensors, or a state_dict in a file of torch.save (.pt, "
                        ".pth), of which tensors alone are read")
    parser.add_argument("--out", metavar="F.caffemodel", required=True,
                        help="where to write the weights; as HDF5 if it ends in .h5")
    parser.add_argument("--by", choices=("names", "order"), default="names",
                        help="find the tensors by the names that export-torch gives, or by their order and shape, as "
                        "also if not one name fits (default: names)")
    parser.add_argument("--weights", metavar="W", help="a .caffemodel of the net, for what FILE has not (default: what "
                        "the net's fillers give)")
    parser.add_argument("--not-strict", action="store_true", help="take what fits, and list the rest (default: write "
                        "nothing unless all fits)")
    add_form_arguments(parser)
    add_python_layers_argument(parser)
    parser.set_defaults(backend="torch")


def run(arguments: argparse.Namespace) -> int:
    """Write the weights; returns 0."""
    shapes = shapes_of(arguments)
    keep_sources(arguments.out, arguments.net, arguments.file, arguments.weights)
    chosen_quiet_engine(arguments)
    from ..export.opening import open_to_leave  # what they import needs PyTorch
    from ..export.torch.from_torch import from_torch

    with unwinding():
        net = open_to_leave(arguments.net, arguments.weights, arguments.stage, arguments.level, shapes)
        brought = from_torch(arguments.file, net, arguments.by, not arguments.not_strict, arguments.blob)
        (net.save_hdf5 if arguments.out.endswith(".h5") else net.save)(arguments.out)
    print(shown_lines(str(brought)))
    print(shown(arguments.out))
    return 0
