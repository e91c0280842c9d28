"""The same probe on both engines: a function of pycaffe's names, called here and in real Caffe's Python."""

from __future__ import annotations

import contextlib
import inspect
import os
import re
import textwrap

from cae_caffe import pycaffe
from cae_caffe.engine import libc_rand, log

PRELUDE = """\
import ctypes, os
import numpy as np
import caffe

def main(_folder, **kwargs):
    ctypes.CDLL(None).srand(1)
    if _folder is not None:
        os.chdir(_folder)
    return {name}(caffe, **kwargs)

"""


def on_real(real_caffe, probe, folder=None, uses=(), **kwargs):
    """Call `probe(caffe, **kwargs)` in real Caffe's Python, in the working directory `folder`.

    `probe` is a function of a module's top level; beyond its arguments it may use numpy as `np`, what it imports
    itself, and the functions of `uses`. The C library's rand() starts as in a new process.
    """
    sources = (textwrap.dedent(inspect.getsource(function)) for function in (*uses, probe))
    source = PRELUDE.format(name=probe.__name__) + "\n\n".join(sources)
    return real_caffe(source, _folder=None if folder is None else str(folder), **kwargs)


def on_embedded(probe, folder=None, **kwargs):
    """Call `probe(caffe, **kwargs)` with the embedded engine for `caffe`, its log silent, as `on_real` does."""
    libc_rand.restart()
    with contextlib.ExitStack() as stack:
        stack.callback(log.set_minimum, log._minimum)
        log.set_minimum(log.LEVELS["ERROR"])
        if folder is not None:
            stack.callback(os.chdir, os.getcwd())
            os.chdir(str(folder))
        return probe(pycaffe, **kwargs)


def on_both(real_caffe, probe, folder=None, uses=(), **kwargs):
    """What `probe(caffe, **kwargs)` returns on real Caffe and on the embedded engine."""
    return (on_real(real_caffe, probe, folder, uses, **kwargs), on_embedded(probe, folder, **kwargs))


def structure(caffe, path, phase="TEST", level=0, stages=()):
    """All that pycaffe tells of how a net is built."""
    net = caffe.Net(path, getattr(caffe, phase), level=level, stages=list(stages))
    layers = range(len(net.layers))
    return {
        "layers": [(name, layer.type) for name, layer in zip(net._layer_names, net.layers)],
        "blobs": [(name, tuple(blob.shape)) for name, blob in zip(net._blob_names, net._blobs)],
        "bottoms": [list(net._bottom_ids(i)) for i in layers],
        "tops": [list(net._top_ids(i)) for i in layers],
        "inputs": list(net._inputs),
        "outputs": list(net._outputs),
        "parameters": [[tuple(blob.shape) for blob in layer.blobs] for layer in net.layers],
        "loss_weights": [float(weight) for weight in net._blob_loss_weights],
    }


# For processes whose log is read, whatever the user's own setting.
LOG_ALL = {"GLOG_minloglevel": "0"}

LINE = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ (\S+?):(\d+)\] ?(.*)")
# Numbers that are times or come from them.
TIMES = re.compile(r"\([-+.\w]+ iter/s, [-+.\w]+s/")


def log_lines(text: str) -> list[str]:
    """Caffe's log without what differs from run to run: `level place] message`, times as `*`, and further lines.

    What says the tool, `caffe.cpp`, there is said through pycaffe's `log`, `_caffe.cpp`, here; both become `tool`.
    Anything before the first line of the log is left out.
    """
    lines: list[str] = []
    for line in text.splitlines():
        found = LINE.match(line)
        if found:
            level, file, number, message = found.groups()
            place = "tool" if file in ("caffe.cpp", "_caffe.cpp") else f"{file}:{number}"
            lines.append(f"{level} {place}] {TIMES.sub('(* iter/s, *s/', message)}")
        elif lines:
            lines.append(line)
    return lines


NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan)(?![\w])")


ONE_ENGINES = re.compile(r" upgrade_proto\.cpp:| (python_layer|data_position)\.py\]")


def assert_same_log(ours: str, real: str, tolerance: float, smallest: float = 0) -> list[str]:
    """The logs of two runs have the same lines in the same order, numbers within `tolerance` relative; returns them.

    Numbers below `smallest`, such as sums that cancel, may be off by `tolerance` times that.

    What real Caffe says of upgrading old files (upgrade_proto.cpp) is left out: reading says nothing here. So is what
    this engine alone says, of the code of Python layers and of positions in the data.
    """
    found, wanted = ([line for line in log_lines(text) if not ONE_ENGINES.search(line)] for text in (ours, real))
    for line, other in zip(found, wanted):
        assert NUMBER.sub("#", line) == NUMBER.sub("#", other), f"{line}\nbut real Caffe: {other}"
        for number, expected in zip(NUMBER.findall(line), NUMBER.findall(other)):
            off = abs(float(number) - float(expected))
            agree = number == expected or off <= tolerance * max(abs(float(expected)), smallest)
            assert agree, f"{line}\nbut real Caffe: {other}"
    assert len(found) == len(wanted), f"the longer log goes on: {(found + wanted)[min(len(found), len(wanted)):][:3]}"
    return found
