"""The batches of one data layer of this engine, and whether a run that goes on from a place has the same ones."""

from __future__ import annotations

import numpy as np

from cae_caffe import pycaffe

Batch = dict[str, np.ndarray]


def net(layer: str, phase: str = "TRAIN", seed: int = 1):
    """A net of the data layer with this text, whose tops are `data`, `label` and what else it names."""
    with open("net.prototxt", "w", encoding="utf-8") as stream:
        stream.write(layer)
    pycaffe.set_random_seed(seed)
    return pycaffe.Net("net.prototxt", getattr(pycaffe, phase))


def passes(made, number: int) -> list[Batch]:
    """What the next passes of a net feed."""
    found = []
    for _ in range(number):
        made.forward()
        found.append({name: blob.data.copy() for name, blob in made.blobs.items()})
    return found


def batches(layer: str, number: int = 4, phase: str = "TRAIN", seed: int = 1) -> list[Batch]:
    """The first batches of a layer, in the working directory."""
    return passes(net(layer, phase, seed), number)


def assert_same(one: list[Batch], other: list[Batch]) -> None:
    """Fail unless the batches are the same to the bit."""
    assert len(one) == len(other)
    for number, (batch, its) in enumerate(zip(one, other)):
        assert batch.keys() == its.keys()
        for name, values in batch.items():
            np.testing.assert_array_equal(values, its[name], err_msg=f"{name} of batch {number}")


def assert_goes_on(layer: str, before: int = 3, after: int = 5) -> None:
    """Fail unless the batches depend on the seed alone, and are the same after going on from a place."""
    first = net(layer)
    passes(first, before)
    place = first._engine.layers[0].place()
    wanted = passes(first, after)
    assert_same(passes(net(layer), before + after)[before:], wanted)
    second = net(layer, seed=9)
    passes(second, 1)
    second._engine.layers[0].go_to(place)
    assert_same(passes(second, after), wanted)
