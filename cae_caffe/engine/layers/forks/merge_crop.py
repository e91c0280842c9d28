"""MergeCrop: two bottoms as one, the second cut to the first one's size."""

from __future__ import annotations

from ....errors import InputError
from ...blob import Shape, shape_string
from ...layer import Layer, exactly
from ..registry import register

# By default: both are in the top, and the gradient goes to the first alone.
FORWARD = (True, True)
BACKWARD = (True, False)


@register("MergeCrop")
class MergeCrop(Layer):
    """From axis 2 on, the middle of the second bottom, as large as the first, is cut out (the odd value is at its end).
    STACK puts its channels behind the first one's, ADD adds it to the first.

    `forward` says of each bottom whether its values are in the top, or zeros for them; `backward`, whether it gets the
    top's gradient there, or zeros. Neither bears on the other (naibaf7/caffe's src/caffe/layers/mergecrop_layer.cu;
    the fork has it on a GPU only). Here STACK takes as many channels as the second bottom has; the fork misplaces
    those from the first one's number on. And where the second bottom is cut off, its gradient is 0; the fork leaves
    there what was.
    """

    bottoms = exactly(2)

    def setup(self, bottom, top):
        param = self.param.mergecrop_param
        self.adds = param.operation == "ADD"
        self.is_forward, self.is_backward = self._switches("forward", FORWARD), self._switches("backward", BACKWARD)

    def _switches(self, name: str, default: tuple[bool, bool]) -> tuple[bool, ...]:
        given = getattr(self.param.mergecrop_param, name)
        if len(given) > len(default):
            raise InputError(f"it gives `{name}` {len(given)} times; give it once for each bottom, at most twice.")
        return (*given, *default[len(given):])

    def shapes(self, bottom_shapes):
        first, second = bottom_shapes
        if len(first) < 2 or len(first) != len(second) or first[0] != second[0]:
            raise InputError(f"its bottoms have the shapes {shape_string(first)} and {shape_string(second)}; they need "
                             "as many axes, at least two, and axis 0 of one length.")
        if self.adds and first[1] != second[1]:
            raise InputError(f"its bottoms have the shapes {shape_string(first)} and {shape_string(second)}; with "
                             "`operation: ADD` they need as many channels, axis 1.")
        offsets = [other - length for length, other in zip(first[2:], second[2:])]
        if any(offset < 0 for offset in offsets):
            raise InputError(f"its second bottom, of shape {shape_string(second)}, is cut to the size of the first, "
                             f"{shape_string(first)}, and is smaller; give the larger one as the second.")
        self._window = (slice(None), slice(None), *(slice(offset // 2, offset // 2 + length)
                                                    for offset, length in zip(offsets, first[2:])))
        self._channels: Shape = (first[1], second[1])
        return [first if self.adds else (first[0], sum(self._channels), *first[2:])]

    def forward(self, bottom, top):
        values = bottom[0].data, bottom[1].data[self._window]
        if self.adds:
            top[0].data.zero_()
            for part, is_in in zip(values, self.is_forward):
                if is_in:
                    top[0].data.add_(part)
            return
        for out, part, is_in in zip(top[0].data.split(self._channels, 1), values, self.is_forward):
            if is_in:
                out.copy_(part)
            else:
                out.zero_()

    def backward(self, top, propagate_down, bottom):
        diff = top[0].diff
        parts = (diff, diff) if self.adds else diff.split(self._channels, 1)
        for blob, part, window, wanted, is_in in zip(bottom, parts, ((), self._window), propagate_down,
                                                     self.is_backward):
            if wanted:
                blob.diff.zero_()
                if is_in:
                    blob.diff[window].copy_(part)
