"""Golden outputs of layers: what real Caffe gave for the cases that the layers' test modules list as GOLDEN.

One file for each module, golden/layers/FAMILY.npz: the results' names and shapes as lines of text, and all their
values in one float32 array, which together take a fraction of an .npz member each.
"""

from __future__ import annotations

import functools
import importlib.util
import math
from pathlib import Path

import numpy as np
from conformance import Case, Results

TESTS = Path(__file__).resolve().parents[1]
FOLDER = TESTS / "golden" / "layers"


@functools.cache
def families() -> dict[str, dict[str, Case]]:
    """The cases by name, by family: `pooling` is what engine/layers/test_pooling.py lists as GOLDEN."""
    found = {}
    for path in sorted((TESTS / "engine" / "layers").glob("test_*.py")):
        spec = importlib.util.spec_from_file_location("golden_of_" + path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if getattr(module, "GOLDEN", None):
            found[path.stem[len("test_"):]] = module.GOLDEN
    return found


def path_of(family: str) -> Path:
    return FOLDER / f"{family}.npz"


def write(family: str, results: dict[str, Results]) -> None:
    """Write the results of a family's cases, by case."""
    index, arrays = [], []
    for case, passes in results.items():
        for number, blobs in enumerate(passes):
            for name, array in blobs.items():
                index.append("\t".join([case, str(number), name, *map(str, array.shape)]))
                arrays.append(array.astype(np.float32).ravel())
    text = np.frombuffer("\n".join(index).encode(), np.uint8)
    np.savez_compressed(path_of(family), index=text, values=np.concatenate(arrays))


def read(family: str) -> dict[str, Results]:
    """What `write` wrote."""
    with np.load(path_of(family)) as stored:
        index, values = stored["index"].tobytes().decode(), stored["values"]
    results: dict[str, Results] = {}
    for line in index.split("\n"):
        case, number, name, *lengths = line.split("\t")
        shape = tuple(map(int, lengths))
        passes = results.setdefault(case, [])
        if int(number) == len(passes):
            passes.append({})
        passes[-1][name], values = values[:math.prod(shape)].reshape(shape), values[math.prod(shape):]
    return results
