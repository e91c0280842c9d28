"""Bottoms that count as constants, and layers of which all do."""

from __future__ import annotations

from ...blob import Blob
from ...layer import Layer


def zero_gradients(propagate_down: list[bool], bottom: list[Blob]) -> None:
    """Make the diffs of these bottoms zero, where the net asks for them: what is computed of them does not train."""
    for blob, wanted in zip(bottom, propagate_down):
        if wanted:
            blob.diff.zero_()


class ConstantLayer(Layer):
    """A layer through which no gradient passes, though a net may ask for one, as behind what parameters feed."""

    def allows_forced_backward(self, bottom_index):
        return False

    def backward(self, top, propagate_down, bottom):
        zero_gradients(propagate_down, bottom)
