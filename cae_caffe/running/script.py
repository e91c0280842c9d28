"""Running a user's script that says `import caffe`, as Python itself would run it."""

from __future__ import annotations

import builtins
import os
import sys
import types

from .. import interruption
from ..backend_protocol import Backend
from ..schema.storage import read_bytes
from . import python2


def run_script(backend: Backend, path: str, arguments: list[str], is_python2: bool = False) -> int:
    """Run the Python file `path` with `arguments`, `import caffe` giving `backend`; returns the exit status.

    The script finds in sys.argv, sys.path, `__name__`, `__file__` and sys.modules["__main__"] what it would find under
    Python, all of which stay as they are afterwards. An exception of the script's is shown as Python shows it, without
    the frames above the script's own, and makes the status 1; SystemExit passes through. Processes that the script
    starts import the same backend.

    With `is_python2` the script, and the modules that it imports from folders of its own, are translated; without, an
    error that looks like Python 2's is followed by a sentence that says so. Raises InputError if the file cannot be
    read or is in neither language, RunError where the library that translates is missing.
    """
    source = read_bytes(path)
    if hasattr(backend, "install"):         # the embedded engine; real Caffe is `caffe` anyway
        backend.install(children=True)
    file = os.path.abspath(path)
    sys.argv = [path, *arguments]
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    code = _from_python2(source, file) if is_python2 else None
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__dict__.update(__file__=file, __builtins__=builtins, __cached__=None)
    try:
        code = code or compile(source, file, "exec", dont_inherit=True)
        exec(code, main.__dict__)   # noqa: S102 - running it is the task
    except SystemExit:
        raise
    except BaseException as error:
        sys.excepthook(type(error), error.with_traceback(_from_file(error.__traceback__, file)), error.__traceback__)
        hint = None if is_python2 else python2.hint(error, path)
        if hint:
            print(f"cae-caffe run: {hint}", file=sys.stderr)
        return interruption.status() if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _from_python2(source: bytes, file: str) -> types.CodeType:
    from . import from_python2  # for such scripts alone
    return from_python2.install(sys.path[0])(source, file)


def _from_file(traceback: types.TracebackType | None, file: str) -> types.TracebackType | None:
    """The traceback from the first frame of `file` on; none for an error in its syntax."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename != file:
        traceback = traceback.tb_next
    return traceback
