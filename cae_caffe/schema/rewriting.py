"""Files of older Caffes, written in today's form, as Caffe's tools upgrade_net_proto_text and its like do it."""

from __future__ import annotations

import os
import re

from . import messages
from .nets import read_net, read_weights
from .storage import read_bytes, read_text, write_binary, write_text
from .upgrade import upgrade_solver

# Fields that no net has, where they begin a line: comments of nets tell of them too.
_SOLVER = re.compile(rb"^\s*(base_lr|lr_policy|max_iter|net|solver_type|train_net)\s*:", re.MULTILINE)


def rewrite(old: str | os.PathLike, new: str | os.PathLike) -> None:
    """Write the net's or solver's prototxt, or the .caffemodel, in the file `old` to `new` in the form of Caffe 1.0.

    Raises InputError if `old` cannot be read or is none of them, OSError if `new` cannot be written.
    """
    data = read_bytes(old)
    if not _is_text(data):
        from . import blob_values  # imports NumPy, which prototxts do without

        weights = read_weights(old)
        for layer in weights.layer:
            for i, blob in enumerate(layer.blobs):
                blob_values.unpack(blob, f"{old}: blob {i} of layer `{layer.name}`")
        write_binary(weights, new)
    elif _SOLVER.search(data):
        solver = read_text(old, messages.SolverParameter)
        upgrade_solver(solver, str(old))
        write_text(solver, new)
    else:
        write_text(read_net(old), new)


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False
