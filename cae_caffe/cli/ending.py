"""How a command ends: its exit status, and a line for whatever kept it from its end, never a traceback."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from typing import Callable

from .. import glog, interruption, standard_streams
from ..errors import CaeCaffeError
from ..files import FULL
from ..printing import shown

# The programs whose result is not what they print, but the files that they make.
MAKERS = ("activations", "demo", "data", "encode", "export-onnx", "export-torch", "figure", "import-torch",
          "make-prototxt", "reproduce", "train")


_PERMISSIONS = "change its permissions or those of its folder, or give another path"
_ROOM = "free some space, or give a path on another disk"
_REMEDIES = {       # what to do where the system refuses a file, by the error's number
    errno.EISDIR: "a file is needed; give its path",
    errno.ENOTDIR: "what stands before the last / of the path is a file; give another path",
    errno.ENOENT: "the file, or a folder on the way to it, is not there; correct the path",
    errno.EACCES: _PERMISSIONS,
    errno.EPERM: _PERMISSIONS,
    errno.EROFS: "give a path on a disk that may be written to",
    errno.ENAMETOOLONG: "give a shorter path",
    **dict.fromkeys(FULL, _ROOM),
}


def prepare_streams() -> None:
    """Give a process whose standard output or error is closed one that leads nowhere, and let any character be printed.

    Otherwise the next file that is opened would get the closed one's number, and what is printed would end up in it.
    """
    standard_streams.open_closed_descriptors()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))     # noqa: SIM115 - open until the end
        elif stream.errors in ("strict", "surrogateescape") and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")       # of a locale that knows ASCII alone


def call(run: Callable[[argparse.Namespace], int | None], arguments: argparse.Namespace, program: str) -> int:
    """Run `run(arguments)`; print what went wrong as one line on standard error and return the exit status.

    What cannot be written to standard error is lost and ends nothing; for MAKERS that holds for standard output, too.
    """
    prepare_streams()
    with standard_streams.lasting(output=program.rsplit(maxsplit=1)[-1] in MAKERS):
        return _status(run, arguments, program)


def _status(run: Callable[[argparse.Namespace], int | None], arguments: argparse.Namespace, program: str) -> int:
    try:
        status = run(arguments) or 0
        if not sys.stdout.closed:       # a script may have closed it
            sys.stdout.flush()
    except CaeCaffeError as error:
        if arguments.debug:
            raise
        print(f"{program}: {error!s}", file=sys.stderr)      # a line for each of its sentences
        glog.add_to_files("ERROR", glog.line("ERROR", program, *str(error).split("\n", 1)))
        return error.exit_status
    except KeyboardInterrupt:
        return interrupted(program)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); nothing is wrong and nobody is left to tell. Python will write
        # the rest of it at its end.
        _lead_output_nowhere()
        return 0
    except (OSError, UnicodeEncodeError, MemoryError) as error:
        if arguments.debug:
            raise
        print(f"{program}: {_sentence(error)}", file=sys.stderr)
        return 1
    return status


def interrupted(program: str) -> int:
    """Say that Ctrl-C ended `program`; returns the exit status."""
    print(f"{program}: interrupted", file=sys.stderr)
    return interruption.status()


def _sentence(error: OSError | UnicodeEncodeError | MemoryError) -> str:
    if isinstance(error, MemoryError):
        detail = f" ({' '.join(str(error).split())})" if str(error) else ""
        return f"out of memory{detail}; take less at once, such as a smaller batch_size, or end other programs."
    if isinstance(error, UnicodeEncodeError):
        return (f"`{shown(error.object)}` cannot be written in {error.encoding}, the encoding of this locale; set "
                "LC_ALL to C.UTF-8, or PYTHONUTF8 to 1.")
    if error.filename is not None:
        remedy = _REMEDIES.get(error.errno or 0)
        return f"{shown(error.filename)}: {error.strerror}{f'; {remedy}' if remedy else ''}."
    if _output_is_broken():
        return f"standard output cannot be written: {error.strerror}."
    return f"{shown(error.strerror or error)}."


def _output_is_broken() -> bool:
    """Whether standard output takes no more. Then it leads nowhere from now on, for Python writes to it at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        _lead_output_nowhere()
        return True
    return False


def _lead_output_nowhere() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), standard_streams.OUTPUT)
