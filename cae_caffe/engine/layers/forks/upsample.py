"""Upsample: SegNet's, which puts values back where pooling found them, and YOLO's, which repeats them."""

from __future__ import annotations

from ....errors import InputError
from ...autograd_layer import AutogradLayer
from ...blob import Shape, require_images
from ...layer import between
from ..registry import register
from . import placing

_OF_A_MASK = ("scale_h", "scale_w", "pad_out_h", "pad_out_w", "upsample_h", "upsample_w")


@register("Upsample")
class Upsample(AutogradLayer):
    """Images (N, C, H, W), larger; the number of bottoms tells the two forks apart.

    With a second bottom, the places that a Pooling layer's second top has, each value is put at its place of a plane
    of `upsample_h` by `upsample_w`, or `scale` (2 if it is not given) or `scale_h` and `scale_w` times as large, less
    a row for `pad_out_h` and a column for `pad_out_w`; all else is zero, and of values at one place the last stays
    (SegNet's src/caffe/layers/upsample_layer.cpp). Its size is the batch's own, where the fork keeps the first one's;
    and a value that another has overwritten has no gradient, where the fork gives it the other's.

    With one bottom, each value is repeated `scale` times (1 if it is not given) down and across
    (eric612/MobileNet-YOLO's file of that name).
    """

    bottoms = between(1, 2)

    def setup(self, bottom, top):
        param = self.param.upsample_param
        self.has_mask = len(bottom) == 2
        if not self.has_mask:
            given = [name for name in _OF_A_MASK if param.has(name)]
            if given:
                raise InputError(f"it gives `{given[0]}`, and has no second bottom, the places of a Pooling layer's "
                                 "maxima, to which that applies; add it, or give `scale` alone to repeat values.")
            self.scales: Shape = (param.scale if param.has("scale") else 1,) * 2
            if self.scales[0] < 1:
                raise InputError(f"its `scale` is {self.scales[0]}; it must be at least 1.")
            return
        self.size = _pair(param, "upsample")
        if self.size is None:
            self.scales = self._scales()
        elif min(self.size) < 2:
            raise InputError(f"its `upsample_h` and `upsample_w` are {list(self.size)}; both must be at least 2.")

    def _scales(self) -> Shape:
        param = self.param.upsample_param
        scales = _pair(param, "scale")
        if scales is not None and param.has("scale"):
            raise InputError("it gives `scale`, and `scale_h` and `scale_w`; give the one or the others, or the top's "
                             "size by `upsample_h` and `upsample_w`.")
        scales = scales or (param.scale if param.has("scale") else 2,) * 2
        if min(scales) < 2:
            raise InputError(f"its scale is {list(scales)}; down and across it must be at least 2.")
        for axis, scale in zip("hw", scales):
            if getattr(param, f"pad_out_{axis}") and scale != 2:
                raise InputError(f"it gives `pad_out_{axis}: true` with a scale of {scale}; that goes with a scale of "
                                 "2 only, so give the top's size by `upsample_h` and `upsample_w`.")
        return scales

    def is_capturable(self):
        return len(self.param.bottom) == 1

    def allows_forced_backward(self, bottom_index):
        return bottom_index == 0

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        require_images(shape, "upsampling")
        if self.has_mask:
            placing.check_mask(bottom_shapes[1], shape)
        self._size = self._size_for(shape)
        return [shape[:2] + self._size]

    def _size_for(self, shape: Shape) -> Shape:
        if self.has_mask and self.size is not None:
            return self.size
        param = self.param.upsample_param
        cut = (param.pad_out_h, param.pad_out_w)
        return tuple(length * scale - int(less) for length, scale, less in zip(shape[2:], self.scales, cut))

    def compute(self, bottoms, params):
        if self.has_mask:
            return [placing.put(bottoms[0], placing.places_of(bottoms[1], self._size), self._size)]
        down, across = self.scales
        return [bottoms[0].repeat_interleave(down, 2).repeat_interleave(across, 3)]

    def backward(self, top, propagate_down, bottom):
        if not self.has_mask:
            super().backward(top, propagate_down, bottom)
        else:
            placing.backward(top[0].diff, propagate_down, bottom, placing.places_of(bottom[1].data, self._size))


def _pair(param, name: str) -> Shape | None:
    """What the fields `name`_h and `name`_w give, or None; InputError if one is given alone."""
    given = [param.has(f"{name}_{axis}") for axis in "hw"]
    if any(given) and not all(given):
        raise InputError(f"it gives `{name}_{'h' if given[0] else 'w'}` alone; give both `{name}_h` and `{name}_w`.")
    return (getattr(param, f"{name}_h"), getattr(param, f"{name}_w")) if all(given) else None
