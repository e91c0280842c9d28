"""The engine that a command runs on, and the step into the Python that has real Caffe where this one does not."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from .. import glog, python_layers
from ..backend import NoCaffeError, describe, load_backend
from ..backend_protocol import Backend
from ..running.processes import Python, this_python
from .arguments import apply_threads
from .programs import folder_with_the_package_alone

REENTERED = "CAE_CAFFE_REENTERED"       # set in the process that was started for real Caffe: it must not start another
ERRORS = "2"         # glog's level of them
HAS_CAFFE = "import sys, h5py, tqdm, caffe; caffe.SGDSolver; sys.exit(sys.version_info < (3, 9))"


def chosen_backend(arguments: argparse.Namespace) -> Backend:
    """Return the engine that `arguments.backend` asks for and print the choice on standard error.

    Where it is real Caffe and `import caffe` is impossible here, the whole command is run again by a Python of this
    machine that can, if there is one; then this function does not return. A number in `arguments.gpu` is printed too.
    Of `arguments.threads`, if the command has it, the engine's libraries are told first (see `apply_threads`).
    """
    if "threads" in arguments:
        apply_threads(arguments)
    if arguments.no_python_layers:
        python_layers.refuse()
    try:
        backend = load_backend(arguments.backend)
    except NoCaffeError:
        reenter_with_caffe(arguments.argv)
        raise
    if glog.has_folder() and not hasattr(backend, "install"):
        backend.init_log()          # real Caffe writes files only after this
    print(f"Engine: {describe(backend, getattr(arguments, 'gpu', None) or None)}", file=sys.stderr)
    return backend


def chosen_quiet_engine(arguments: argparse.Namespace, only_looks: bool = False) -> Backend:
    """Return `chosen_backend(arguments)`, told to log nothing but errors (unless GLOG_minloglevel says otherwise).

    Real Caffe writes some lines for every layer of a net that it builds; it reads the variable when it is imported.
    A command that `only_looks` at a net runs no code that the net names, unless the user's environment allows it.
    """
    if only_looks:
        python_layers.refuse_unless_allowed()
    os.environ.setdefault("GLOG_minloglevel", ERRORS)
    return chosen_backend(arguments)


def reenter_with_caffe(argv: list[str]) -> None:
    """Replace this process by `cae-caffe ARGV` under a Python with real Caffe; return only where there is none.

    The user's own Caffe (a `python3` on PATH that imports it) goes before .caffe/with-caffe, which is looked for in the
    working directory, the folders above it, and beside this package. The new process sees this package, but nothing
    else of this Python's, whose compiled packages would not fit. The exit status is the new process's.
    """
    if REENTERED in os.environ:
        return
    python = _other_python_with_caffe()
    if python:
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(python.words[0], [*python.words, "-m", "cae_caffe", *argv], {**python.variables, REENTERED: "1"})


def python_with_caffe() -> Python | None:
    """A Python of this machine that imports real Caffe, this one before others, and this package; None without one."""
    return this_python() if _imports_caffe(sys.executable) else _other_python_with_caffe()


def _other_python_with_caffe() -> Python | None:
    path = [str(folder_with_the_package_alone())]
    words = _users_python()
    if words:
        path += filter(None, [os.environ.get("PYTHONPATH")])    # it may be what leads to the user's Caffe
    words = words or _installed_python()
    return Python(words, {**os.environ, "PYTHONPATH": os.pathsep.join(path)}) if words else None


def _users_python() -> list[str] | None:
    for folder in os.get_exec_path():
        python = Path(folder, "python3")
        if os.access(str(python), os.X_OK) and not _is_this_python(folder) and _imports_caffe(str(python)):
            return [str(python)]
    return None


def _is_this_python(folder: str) -> bool:
    return Path(folder).resolve() == Path(sys.executable).parent.resolve()


def _imports_caffe(python: str) -> bool:
    probe = subprocess.run([python, "-c", HAS_CAFFE], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
    return probe.returncode == 0


def _installed_python() -> list[str] | None:
    here = Path.cwd()
    for folder in [here, *here.parents, Path(__file__).resolve().parents[2]]:
        wrapper = folder / ".caffe" / "with-caffe"
        if os.access(str(wrapper), os.X_OK):
            return [str(wrapper), "python3"]
    return None
