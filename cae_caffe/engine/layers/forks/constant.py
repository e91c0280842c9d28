"""Layers whose tops count as constants."""

from __future__ import annotations

from ...layer import Layer


class ConstantLayer(Layer):
    """A layer through which no gradient passes, though a net may ask for one, as behind what parameters feed."""

    def allows_forced_backward(self, bottom_index):
        return False

    def backward(self, top, propagate_down, bottom):
        for blob, wanted in zip(bottom, propagate_down):
            if wanted:
                blob.diff.zero_()
