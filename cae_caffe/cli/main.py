"""`cae-caffe COMMAND ...`: finds the command's module, parses its flags, turns this package's errors into one line."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from types import ModuleType

from .. import glog, interruption, standard_streams
from ..errors import CaeCaffeError, InputError
from ..printing import shown
from ..version import VERSION
from . import caffe_flags
from .flag_parser import FlagParser

# A command's module is imported only when that command is asked for, so that none pays for another's libraries.
COMMANDS = {
    "activations": "write every blob of a net for chosen images to HDF5",
    "data": "convert MNIST, IDX pairs or folders of images to Caffe's HDF5 data",
    "device_query": "list the accelerators that the embedded engine can use",
    "diagnose": "look for saturated layers, dead units and NaN in a trained net, layer by layer",
    "encode": "write the codes of a whole list of images to HDF5",
    "figure": "draw a net, its values, its weights or its training as pictures",
    "reproduce": "train the paper's models over several seeds, and set its numbers beside ours",
    "run": "run a script that says `import caffe`, unchanged",
    "summary": "print shapes, parameters and sizes of a prototxt, layer by layer",
    "test": "score a model, with Caffe's own flags and log",
    "time": "measure a net layer by layer, with Caffe's own flags and log",
    "train": "train or fine-tune a model, with Caffe's own flags and log",
    "upgrade": "rewrite an older net, its weights or a solver in today's form",
    "verify": "run a solver on both engines and show where they agree",
}

# The programs whose result is not what they print, but the files that they make.
MAKERS = ("activations", "demo", "data", "encode", "figure", "make-prototxt", "reproduce", "train")

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
            child.set_defaults(run=module.run)
            child.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def call(run, arguments: argparse.Namespace, program: str) -> int:
    """Run `run(arguments)`; print this package's errors as one line on standard error and return the exit status.

    What cannot be written to standard error is lost and ends nothing; for MAKERS that holds for standard output, too.
    """
    with standard_streams.lasting(output=program.rsplit(maxsplit=1)[-1] in MAKERS):
        return _status(run, arguments, program)


def _status(run, arguments: argparse.Namespace, program: str) -> int:
    try:
        return run(arguments) or 0
    except CaeCaffeError as error:
        if arguments.debug:
            raise
        print(f"{program}: {error!s}", file=sys.stderr)      # a line for each of its sentences
        glog.add_to_files("ERROR", glog.line("ERROR", program, *str(error).split("\n", 1)))
        return error.exit_status
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        return interruption.status()
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); nothing is wrong and nobody is left to tell. Python will write
        # the rest of it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), standard_streams.OUTPUT)
        return 0
    except OSError as error:
        if arguments.debug or error.filename is None:
            raise
        print(f"{program}: {shown(error.filename)}: {error.strerror}.", file=sys.stderr)
        return 1


def main(argv: list[str] | None = None) -> int:
    """Entry point of `cae-caffe`; returns the exit status: 0 done, 1 the run failed, 2 wrong use or bad input."""
    argv = sys.argv[1:] if argv is None else list(argv)
    argv[:1] = [ALIASES.get(word, word) for word in argv[:1]]
    if argv and (argv[0] in caffe_flags.ACTIONS or argv[0].startswith("-")):
        try:
            argv = caffe_flags.read(argv)
        except InputError as error:
            print(f"cae-caffe: {error}", file=sys.stderr)
            return error.exit_status
    command = next((word for word in argv if word in COMMANDS), None)
    arguments = _parser(command).parse_args(argv)
    arguments.argv = argv
    return call(arguments.run, arguments, f"cae-caffe {arguments.command}")
