"""Unpooling: what pooling made small, large again."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ....errors import InputError
from ...autograd_layer import AutogradLayer
from ...blob import Shape, require_images
from ...layer import between
from ..registry import register
from . import placing


@register("Unpooling")
class Unpooling(AutogradLayer):
    """Images (N, C, h, w) to (N, C, H, W), H and W given by `unpool_size` or `unpool_h` and `unpool_w`.

    A value (y, x) stands for the window of `kernel_size` from (y, x) times `stride` on, as far as it lies in the top.
    MAX puts it at one place, all else being zero: where the second bottom, the places of a Pooling layer's maxima,
    says, or, without one, at the window's beginning, moved into the top; of values at one place the last stays. TILE
    adds it to all places of the window, AVE adds to each its share. (H. Noh's src/caffe/layers/unpooling_layer.cpp)

    What differs from the fork: the gradient is the derivative throughout. There TILE's is divided by the size of the
    window, as AVE's, though forward nothing is; and a value that another has overwritten gets the other's. On the CPU
    the fork adds TILE and AVE to what the top held before.
    """

    bottoms = between(1, 2)

    def counts(self):
        is_max = self.param.unpooling_param.unpool == "MAX"
        return between(1, 2 if is_max else 1), self.tops

    def setup(self, bottom, top):
        param = self.param.unpooling_param
        self.kernel = self._lengths("kernel", "kernel_size")
        self.stride = self._lengths("stride", "stride")
        self.size = self._lengths("unpool", "unpool_size")
        if param.pad or param.pad_h or param.pad_w:
            raise InputError("it gives a padding, and unpools without one only; leave out `pad`, `pad_h` and `pad_w`, "
                             "and give the top's size by `unpool_size`, or `unpool_h` and `unpool_w`.")

    def _lengths(self, stem: str, both: str) -> Shape:
        """The lengths that the field `both` gives, or `stem`_h and `stem`_w."""
        param = self.param.unpooling_param
        given = [name for name in (both, f"{stem}_h", f"{stem}_w") if param.has(name)]
        if given == [both] or (not given and both == "stride"):
            lengths = (getattr(param, both),) * 2
        elif given == [f"{stem}_h", f"{stem}_w"]:
            lengths = getattr(param, given[0]), getattr(param, given[1])
        else:
            raise InputError(f"it must give `{both}`, or both `{stem}_h` and `{stem}_w`.")
        if min(lengths) < 1:
            raise InputError(f"its `{both}` is {list(lengths)}; each length must be at least 1.")
        return lengths

    def is_capturable(self):
        return self.param.unpooling_param.unpool != "MAX"

    def allows_forced_backward(self, bottom_index):
        return bottom_index == 0

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        require_images(shape, "unpooling")
        if len(bottom_shapes) == 2:
            placing.check_mask(bottom_shapes[1], shape)
        return [shape[:2] + self.size]

    def compute(self, bottoms, params):
        values = bottoms[0]
        method = self.param.unpooling_param.unpool
        if method == "MAX":
            return [placing.put(values, self._places(bottoms), self.size)]
        if method == "AVE":
            values = values / self.areas(values.shape[2:], values.device)
        return [self._spread(values)]

    def backward(self, top, propagate_down, bottom):
        if self.param.unpooling_param.unpool == "MAX":
            placing.backward(top[0].diff, propagate_down, bottom, self._places([blob.data for blob in bottom]))
        else:
            super().backward(top, propagate_down, bottom)

    def _places(self, bottoms: list[torch.Tensor]) -> torch.Tensor:
        """Where the values go."""
        if len(bottoms) == 2:
            return placing.places_of(bottoms[1], self.size)
        return self._beginnings(bottoms[0].shape[2:], bottoms[0].device)

    def _beginnings(self, shape: Shape, device: torch.device) -> torch.Tensor:
        """The place where the window of each value begins, or the nearest to it in the top; int64 (1, 1, values)."""
        rows, columns = (torch.arange(length, device=device).mul(stride).clamp(max=size - 1)
                         for length, stride, size in zip(shape, self.stride, self.size))
        return (rows[:, None] * self.size[1] + columns).view(1, 1, -1)

    def areas(self, shape: Shape, device: torch.device) -> torch.Tensor:
        """How many places of the top are in each window, at least 1; (h, w)."""
        rows, columns = ((size - torch.arange(length, device=device) * stride).clamp(1, kernel)
                         for length, stride, kernel, size
                         in zip(shape, self.stride, self.kernel, self.size))
        return torch.outer(rows, columns)

    def _spread(self, values: torch.Tensor) -> torch.Tensor:
        """The sum of what each place of the top gets of the windows over it."""
        # What reaches beyond the top is left out; so much of it need not be made.
        kernel, stride = (tuple(map(min, given, self.size)) for given in (self.kernel, self.stride))
        window = values.new_ones(1, 1, *kernel)
        planes = F.conv_transpose2d(values.flatten(0, 1).unsqueeze(1), window, stride=stride)
        (height, width), (down, across) = self.size, planes.shape[2:]
        return F.pad(planes, (0, width - across, 0, height - down)).view(*values.shape[:2], height, width)
