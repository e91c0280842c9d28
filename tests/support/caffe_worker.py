"""The far end of the `real_caffe` fixture: a process of real Caffe's Python that answers calls until its input ends.

Every message is its length (8 bytes, little-endian) and a pickle of protocol 4. NumPy arrays and scalars travel as
(dtype, shape, bytes), for NumPy 1 and 2 name their internal modules differently and cannot read each other's pickles.
A call is (source, kwargs), an answer ("result", value) or ("error", traceback).

Imported by the near end too (support/caffe_process.py), so it must run on Python 3.9 and must not import caffe itself.
"""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
import traceback

import numpy as np

LENGTH = struct.Struct("<Q")


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        if not isinstance(obj, (np.ndarray, np.generic)) or obj.dtype.hasobject:
            return None
        return obj.dtype.str, obj.shape, obj.tobytes(), isinstance(obj, np.generic)


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid):
        dtype, shape, data, is_scalar = pid
        array = np.frombuffer(bytearray(data), dtype=dtype).reshape(shape)
        return array[()] if is_scalar else array


def send(stream, message) -> None:
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=4).dump(message)
    stream.write(LENGTH.pack(buffer.tell()) + buffer.getvalue())
    stream.flush()


def receive(stream):
    """The next message of `stream`; raises EOFError where the other end has gone."""
    return _Unpickler(io.BytesIO(_read(stream, LENGTH.unpack(_read(stream, LENGTH.size))[0]))).load()


def _read(stream, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the other end has closed the pipe")
    return data


def _call(functions: dict, source: str, kwargs: dict):
    if source not in functions:
        namespace = {"__name__": "real_caffe_source"}
        exec(compile(source, "<real_caffe source>", "exec"), namespace)
        functions[source] = namespace["main"]
    return functions[source](**kwargs)


def serve(calls, answers) -> None:
    """Answer every message of `calls` on `answers`; a call cannot move the working directory for the next one."""
    functions = {}
    home = os.getcwd()
    while True:
        try:
            source, kwargs = receive(calls)
        except EOFError:
            return
        try:
            answer = "result", _call(functions, source, kwargs)
        except Exception:
            answer = "error", traceback.format_exc()
        os.chdir(home)
        send(answers, answer)


def _main() -> None:
    # What a call prints must not get between the answers: they keep a descriptor of their own, print goes to stderr.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    _main()
