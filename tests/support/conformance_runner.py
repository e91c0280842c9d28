"""Runs conformance cases on whichever engine: nothing here but pycaffe's surface, so that both do exactly the same.

The near end calls `run` with the embedded engine; real Caffe's Python gets this file's text and calls `main`. So it
must run on Python 3.9, and imports nothing of this repository.
"""

from __future__ import annotations

import os
import pickle
import tempfile

import numpy as np

UNWRITTEN = 3.0         # what bottom diffs hold before the backward pass, so that one nobody writes is seen
PARAM_SEED, TOP_DIFF_SEED = 1000, 2000


def run(caffe, case: dict) -> list:
    """The results of each pass of a case (conformance.Case.message) on the engine `caffe`: arrays by name.

    Names: BLOB.data and BLOB.diff, LAYER[i].data and LAYER[i].diff of parameters, and LAYER[i].diff twice for what a
    second backward pass makes of the latter.
    """
    home = os.getcwd()
    os.chdir(case["folder"])
    try:
        for name, content in {"net.prototxt": case["prototxt"].encode(), **case["files"]}.items():
            with open(name, "wb") as stream:
                stream.write(content)
        caffe.set_random_seed(case["seed"])
        net = caffe.Net("net.prototxt", getattr(caffe, case["phase"]))
        _set_params(net, case["params"], case["odd_params"])
        return [_pass(net, bottoms, case) for bottoms in case["passes"]]
    finally:
        for name in os.listdir("."):
            os.remove(name)
        os.chdir(home)


def _set_params(net, given, odd) -> None:
    """Write `given`, arrays by layer; None: uniform ones, and some `odd`; "filled": leave what the fillers drew."""
    if given == "filled":
        return
    for layer, blobs in net.params.items():
        for i, blob in enumerate(blobs):
            blob.data[...] = given[layer][i] if given else _uniform(PARAM_SEED + i, blob.data.shape, odd)


def _uniform(seed: int, shape, odd) -> np.ndarray:
    """Uniform values, of which a few are some of the `odd` ones, if there are any."""
    values = np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)
    return mixed(values, odd, seed) if odd else values


def mixed(values: np.ndarray, odd, seed: int) -> np.ndarray:
    """The values with one in four replaced by some of the `odd` ones."""
    random = np.random.RandomState(seed)
    chosen = random.choice(np.asarray(odd, np.float32), values.shape)
    return np.where(random.uniform(size=values.shape) < 0.25, chosen, values).astype(np.float32)


def _pass(net, bottoms: dict, case: dict) -> dict:
    for name, array in bottoms.items():
        if tuple(net.blobs[name].data.shape) != array.shape:
            net.blobs[name].reshape(*array.shape)
        net.blobs[name].data[...] = array
        net.blobs[name].diff[...] = UNWRITTEN
    net.forward()
    results = {name + ".data": np.array(net.blobs[name].data) for name in net.outputs}
    if case["backward"]:
        results.update(_backward(net, bottoms, case["top_diffs"], case["odd_top_diffs"]))
    results.update(_params(net, "data"))
    return results


def _backward(net, bottoms: dict, top_diffs: dict, odd) -> dict:
    net.clear_param_diffs()
    _set_top_diffs(net, top_diffs, odd)
    net.backward()
    results = {name + ".diff": np.array(net.blobs[name].diff) for name in bottoms}
    results.update(_params(net, "diff"))
    if net.params:
        _set_top_diffs(net, top_diffs, odd)
        net.backward()
        results.update({name + " twice": diff for name, diff in _params(net, "diff").items()})
    return results


def _set_top_diffs(net, given: dict, odd) -> None:
    """Write the diff of each output: as given, or uniform, and some `odd`; that of a loss is its weight and stays."""
    for number, name in enumerate(net.outputs):
        if name in given:
            net.blobs[name].diff[...] = given[name]
        elif not net.blob_loss_weights[name]:
            net.blobs[name].diff[...] = _uniform(TOP_DIFF_SEED + number, net.blobs[name].data.shape, odd)


def _params(net, half: str) -> dict:
    return {f"{layer}[{i}].{half}": np.array(getattr(blob, half))
            for layer, blobs in net.params.items() for i, blob in enumerate(blobs)}


def main(cases: list) -> list:
    """For each case ("result", what `run` returns) or ("refused", what real Caffe said)."""
    return [_answer(case) for case in cases]


def _answer(case: dict):
    """Have a child of this process run the case, the same one until a failed CHECK of Caffe's aborts it."""
    if not _children:
        _children.append(_Child())
    try:
        return _children[0].answer(case)
    except (EOFError, BrokenPipeError):
        return "refused", _children.pop().last_words()


class _Child:
    """A fork of this process that answers cases: far cheaper to replace than a process that has yet to load Caffe."""

    def __init__(self):
        import caffe  # before the fork, so that no child has to do it again

        self._said = tempfile.TemporaryFile()       # noqa: SIM115 - both processes use it as long as they live
        near_calls, far_calls = os.pipe()
        far_answers, near_answers = os.pipe()
        self._id = os.fork()
        if self._id == 0:
            os.close(far_calls)
            os.close(far_answers)
            _serve(caffe, os.fdopen(near_calls, "rb"), os.fdopen(near_answers, "wb"), self._said)
        os.close(near_calls)
        os.close(near_answers)
        self._calls, self._answers = os.fdopen(far_calls, "wb"), os.fdopen(far_answers, "rb")

    def answer(self, case: dict):
        pickle.dump(case, self._calls)
        self._calls.flush()
        return pickle.load(self._answers)

    def last_words(self) -> str:
        os.waitpid(self._id, 0)
        self._answers.close()
        self._said.seek(0)
        return self._said.read().decode("utf-8", "replace")


_children = []          # at most one


def _serve(caffe, calls, answers, said) -> None:
    """What the child does until its calls end; it never returns."""
    os.dup2(said.fileno(), 1)
    os.dup2(said.fileno(), 2)
    while True:
        try:
            case = pickle.load(calls)
        except EOFError:
            os._exit(0)
        said.seek(0)
        said.truncate()
        try:
            answer = "result", run(caffe, case)
        except Exception as error:      # pycaffe's refusals have many types, Boost's ArgumentError among them
            answer = "refused", f"{type(error).__name__}: {error}"
        pickle.dump(answer, answers)
        answers.flush()
