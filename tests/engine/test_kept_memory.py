"""What layers keep of a forward pass, for a loss read later or for the backward pass, beside a recorded step.

A recorded step writes into the memory that it was recorded with. A pass of the user's in between, with other values or
for a while with another shape, must not leave a layer looking at other memory.
"""

from __future__ import annotations

import contextlib
import dataclasses

import golden_layers
import numpy as np
import pytest
import step_recorder
import torch

from cae_caffe.engine import torch_private
from cae_caffe.engine.captured import WARM_UP, CapturedStep
from cae_caffe.errors import InputError

STEPS = WARM_UP + 2         # the last ones are replayed


CASES = {f"{family}, {name}": case for family, cases in golden_layers.families().items()
         for name, case in cases.items() if case.bottoms}


class Lenient(step_recorder.Recorder):
    """Plays a CUDA graph on the CPU, where layers look at labels; on a GPU they do not."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if str(function) in step_recorder.READS_A_VALUE:
            return function(*args, **(kwargs or {}))
        return super().__torch_dispatch__(function, types, args, kwargs)


@pytest.mark.parametrize("detour", ["other values", "another shape"])
@pytest.mark.parametrize("name", CASES)
def test_a_users_pass_between_recorded_steps(build_train_net, tmp_path, monkeypatch, name, detour):
    case = dataclasses.replace(CASES[name], force_backward=CASES[name].backward and CASES[name].force_backward)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch_private, "can_listen", lambda: False)     # so that, as on a GPU, no layer records its own
    for file, content in case.files.items():
        (tmp_path / file).write_bytes(content)
    plain, recorded = nets = [_net(build_train_net, case) for _ in range(2)]
    if not all(layer.is_capturable() for layer in recorded.layers):
        pytest.skip("a layer that is not recorded")
    bottoms = case.message()["passes"][0]
    step = CapturedStep(recorded, Lenient)
    for number in range(2 * STEPS):
        if number == STEPS:
            for net in nets:
                _pass_of_the_user(net, bottoms, detour)
        for net, run in ((plain, plain.forward_backward), (recorded, step.run)):
            _set(net, bottoms, number)
            net.clear_param_diffs()
            run()
        _compare(plain, recorded, f"step {number}")
        if number >= STEPS:
            for net in nets:
                net.clear_param_diffs()
                net.backward()
            _compare(plain, recorded, f"backward after step {number}")


def _net(build_train_net, case):
    """The case's net, with parameters that are the same in each."""
    net = build_train_net(case.prototxt)
    for number, blob in enumerate(blob for layer in net.layers for blob in layer.blobs):
        blob.data.copy_(torch.linspace(0.2 + number, 1, blob.count).view(blob.shape))
    return net


def _blobs(net, bottoms):
    """The blobs that take `bottoms`, with their values."""
    return [(net.blobs[net.blob_names.index(name)], values) for name, values in bottoms.items()]


def _set(net, bottoms, number: int) -> None:
    """Write the bottoms, shifted along by `number`, so that labels stay labels; and the outputs' diffs."""
    for blob, values in _blobs(net, bottoms):
        blob.data.copy_(torch.from_numpy(np.roll(values, number)))
    for _, blob, weight in net.outputs:
        if not weight:
            blob.diff.copy_(torch.linspace(-1, 1, blob.count).view(blob.shape))


def _pass_of_the_user(net, bottoms, detour: str) -> None:
    if detour == "another shape":
        for blob, values in _blobs(net, bottoms):
            if values.shape[0] > 1:
                blob.reshape((values.shape[0] - 1, *values.shape[1:]))
        with contextlib.suppress(InputError):       # of a layer that takes no other shape
            net.forward()
        for blob, values in _blobs(net, bottoms):
            blob.reshape(values.shape)
    _set(net, bottoms, 1)
    net.forward()


def _compare(plain, recorded, when: str) -> None:
    """All blobs and parameters of both nets hold the same."""
    for what, blobs, others in (("blob", plain.blobs, recorded.blobs),
                                ("parameter", *([b for layer in net.layers for b in layer.blobs]
                                                for net in (plain, recorded)))):
        for number, (blob, other) in enumerate(zip(blobs, others)):
            for half in ("data", "diff"):
                mine, theirs = getattr(other, half), getattr(blob, half)
                assert torch.equal(mine.nan_to_num(), theirs.nan_to_num()), f"{when}: {half} of {what} {number}"
