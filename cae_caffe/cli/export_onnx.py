"""`cae-caffe export-onnx NET WEIGHTS --out F.onnx`: a net as an ONNX file, which is run and held against the engine."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import InputError
from ..interruption import unwinding
from ..printing import shown
from .arguments import add_python_layers_argument
from .engine import chosen_quiet_engine
from .export_arguments import add_net_arguments, keep_sources, shapes_of, tell_dropped

DYNAMIC, OFF = "dynamic", "off"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of `cae-caffe export-onnx`."""
    add_net_arguments(parser)
    parser.add_argument("--out", metavar="F.onnx", required=True, help="the file to write")
    parser.add_argument("--batch", metavar="N|dynamic", help="the length of the inputs' first axis, or any (default: "
                        "the net's)")
    parser.add_argument("--opset", metavar="N", type=int, default=17, help="ONNX's operator set, 17 to 23 (default 17)")
    parser.add_argument("--fp16", action="store_true",
                        help="weights and computation in float16; inputs and outputs stay float32")
    parser.add_argument("--fold", action="store_true",
                        help="put BatchNorm, Scale and Bias layers into the weights of the layers before them")
    _add_preprocessing(parser)
    parser.add_argument("--check", metavar="off|FILE.npz", help="write the file without running it in onnxruntime, or "
                        "run it on these arrays, by the inputs' names (default: on made inputs)")
    add_python_layers_argument(parser)
    parser.set_defaults(backend="torch")


def _add_preprocessing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("pixels", "With these the file takes pixels, and does itself what Caffe's "
                                      "transform_param does: (pixel - mean) * scale.")
    group.add_argument("--mean", metavar="FILE|B,G,R", help="a mean.binaryproto or mean.npy of the input's size, "
                       "or a number for each channel in the net's order: blue, green, red in Caffe's nets")
    group.add_argument("--scale", metavar="S", type=float, default=1, help="the factor after the mean (default 1)")
    group.add_argument("--rgb", action="store_true", help="take RGB images, for a net that was trained on BGR")
    group.add_argument("--input", metavar="NAME", action="append", default=[],
                       help="the inputs that these are for (default: the one of four axes)")


def run(arguments: argparse.Namespace) -> int:
    """Write the file; returns 0."""
    batch, shapes = _batch(arguments.batch), shapes_of(arguments)
    keep_sources(arguments.out, arguments.net, arguments.weights, arguments.mean, arguments.check)
    chosen_quiet_engine(arguments)
    from ..export import needs

    needs.require_onnx()
    if arguments.check != OFF:
        needs.require_onnxruntime()
    from ..export.deploy import deploy
    from ..export.onnx import file
    from ..export.onnx.convert import Options
    from ..export.onnx.pixels import preprocessing
    from ..export.opening import open_to_leave
    from ..export.proof import read_arrays

    arrays = None if arguments.check in (None, OFF) else read_arrays(arguments.check)
    with unwinding():
        net = open_to_leave(arguments.net, arguments.weights, arguments.stage, arguments.level, shapes)
        deployed = deploy(net, arguments.blob)
        pixels = preprocessing(deployed, arguments.mean, arguments.scale, arguments.rgb, arguments.input)
        options = Options(batch, arguments.opset, arguments.fp16, arguments.fold, pixels, arguments.weights)
        model = file.write(deployed, arguments.out, options, arrays=arrays, check=arguments.check != OFF)
    tell_dropped(deployed.dropped)
    print(f"{shown(Path(arguments.out))}: {shown(file.summary(model))}")
    _tell_batch(deployed.shapes(), options.batch)
    return 0


def _tell_batch(shapes: Mapping[str, Sequence[int]], batch: int | str | None) -> None:
    """Say how many rows the file takes, if nobody chose that and it is more than one."""
    lengths = {shape[0] for shape in shapes.values() if shape}
    if batch is None and len(lengths) == 1 and max(lengths) > 1:
        print(f"The batch is fixed: it takes exactly {max(lengths)} at a time; --batch dynamic takes any number.")


def _batch(word: str | None) -> int | str | None:
    if word in (None, DYNAMIC):
        return word
    if not (word.isascii() and word.isdigit() and int(word)):
        raise InputError(f"--batch {word} is no batch; give a number of 1 or more, or `dynamic`.")
    return int(word)
