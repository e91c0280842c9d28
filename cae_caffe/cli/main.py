"""`cae-caffe COMMAND ...`: finds the command's module, parses its flags, turns this package's errors into one line."""

from __future__ import annotations

import argparse
import importlib
import sys
from types import ModuleType

from ..errors import InputError
from ..version import VERSION
from . import caffe_flags
from .arguments import add_flags_without_effect, add_fork_argument
from .ending import call, interrupted, prepare_streams
from .flag_parser import FlagParser

# A command's module is imported only when that command is asked for, so that none pays for another's libraries.
COMMANDS = {
    "activations": "write every blob of a net for chosen images to HDF5",
    "data": "convert MNIST, IDX pairs or folders of images to Caffe's HDF5 data",
    "device_query": "list the accelerators that the embedded engine can use",
    "diagnose": "look for saturated layers, dead units and NaN in a trained net, layer by layer",
    "encode": "write the codes of a whole list of images to HDF5",
    "export-onnx": "write a net and its weights as an ONNX file, run it, and hold it against the engine",
    "export-torch": "write a net as a Python file with a PyTorch module, and its weights as a safetensors file",
    "figure": "draw a net, its values, its weights or its training as pictures",
    "import-torch": "bring the weights of a PyTorch module back into a net's .caffemodel",
    "inspect": "list the layers of a .caffemodel with shapes, ranges and NaN, with no prototxt",
    "reproduce": "train the paper's models over several seeds, and set its numbers beside ours",
    "run": "run a script that says `import caffe`, unchanged",
    "summary": "print shapes, parameters and sizes of a prototxt, layer by layer",
    "test": "score a model, with Caffe's own flags and log",
    "time": "measure a net layer by layer, with Caffe's own flags and log",
    "train": "train or fine-tune a model, with Caffe's own flags and log",
    "upgrade": "rewrite an older net, its weights or a solver in today's form",
    "verify": "run a solver on both engines and show where they agree",
}

# Other spellings of commands.
ALIASES = {"device-query": "device_query"}


def module_of(command: str) -> ModuleType:
    """The module of the command that COMMANDS calls `command`."""
    return importlib.import_module(f".{command.replace('-', '_')}", __package__)


def _parser(command: str | None) -> argparse.ArgumentParser:
    parser = FlagParser(prog="cae-caffe", description="The Caffe-faithful prototxt toolkit.")
    parser.add_argument("--version", action="version", version=f"cae-caffe {VERSION}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, help_line in COMMANDS.items():
        child = commands.add_parser(name, help=help_line, description=help_line[0].upper() + help_line[1:] + ".",
                                    allow_abbrev=False)
        if name == command:
            module = module_of(name)
            module.add_arguments(child)
            if name in caffe_flags.ACTIONS:
                add_flags_without_effect(child)
            child.set_defaults(run=module.run)
            add_fork_argument(child)
            child.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Entry point of `cae-caffe`; returns the exit status: 0 done, 1 the run failed, 2 wrong use or bad input."""
    prepare_streams()
    try:
        return _run(sys.argv[1:] if argv is None else list(argv))
    except KeyboardInterrupt:       # while modules are imported
        return interrupted("cae-caffe")


def _run(argv: list[str]) -> int:
    argv[:1] = [ALIASES.get(word, word) for word in argv[:1]]
    if argv and (argv[0] in caffe_flags.ACTIONS or argv[0].startswith("-")):
        try:
            argv = caffe_flags.read(argv)
        except InputError as error:
            print(f"cae-caffe: {error!s}", file=sys.stderr)
            return error.exit_status
    command = next((word for word in argv if word in COMMANDS), None)
    arguments = _parser(command).parse_args(argv)
    arguments.argv = argv
    return call(_run_command, arguments, f"cae-caffe {arguments.command}")


def _run_command(arguments: argparse.Namespace) -> int:
    if "fork" in arguments:
        from ..schema.forks import dialects  # for this flag alone

        dialects.name(arguments.fork)
    return arguments.run(arguments)
