"""Split, one blob for several consumers, which the net inserts; and Silence, blobs for none."""

from __future__ import annotations

import torch

from ..layer import Layer, at_least, exactly
from ..traits import Traits
from .registry import register


@register("Split")
class Split(Layer):
    """Forward shares the bottom's data; backward sums the tops' diffs (src/caffe/layers/split_layer.cpp)."""

    tops = at_least(1)
    traits = Traits(keeps_order=True, replayable=True)

    def shapes(self, bottom_shapes):
        return bottom_shapes * self.number_of_tops

    def setup(self, bottom, top):
        self.number_of_tops = len(top)

    def compute(self, bottoms, params):
        return bottoms * self.number_of_tops

    def forward(self, bottom, top):
        for blob in top:
            blob.share_data(bottom[0])

    def backward(self, top, propagate_down, bottom):
        if not propagate_down[0]:
            return
        # A diff that nobody has asked for yet is zero: its consumer is not under a loss.
        diffs = [blob.diff for blob in top if blob.has_diff]
        out = bottom[0].diff
        if not diffs:
            out.zero_()
        elif len(diffs) == 1:
            out.copy_(diffs[0])
        else:
            torch.add(diffs[0], diffs[1], out=out)
            for diff in diffs[2:]:
                out.add_(diff)


@register("Silence")
class Silence(Layer):
    """No top; the bottoms' diffs become zero (src/caffe/layers/silence_layer.cpp)."""

    bottoms = at_least(1)
    tops = exactly(0)

    def shapes(self, bottom_shapes):
        return []

    def compute(self, bottoms, params):
        return []

    def forward(self, bottom, top):
        pass

    def backward(self, top, propagate_down, bottom):
        for blob, wanted in zip(bottom, propagate_down):
            if wanted:
                blob.diff.zero_()
