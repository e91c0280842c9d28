"""Pooling: the maximum, the average, or a drawn value of each window."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import InputError
from ..blob import Shape, require_images, shape_string
from ..layer import Layer, between
from ..patch_pooling import PatchAveragePooling, VolumeMaxPooling
from ..pooling import AveragePooling, MaxPooling, StochasticPooling, Windows
from .registry import register

PoolingMethod = MaxPooling | VolumeMaxPooling | AveragePooling | PatchAveragePooling | StochasticPooling
VOLUMES = 5         # axes of bottoms that a fork pools, too


@register("Pooling")
class Pooling(Layer):
    """Images (N, C, H, W) to (N, C, windows down, windows across); with MAX, a second top holds the maxima's places.

    `global_pooling` makes the whole image one window. (src/caffe/layers/pooling_layer.cpp)

    Of forks: `ceil_mode: false` is `round_mode: FLOOR` (BVLC's pull request 3057). The values of a window lie
    `dilation` apart; an average is of those in image and padding. The bottom may be volumes (N, C, D, H, W), and
    `kernel_size`, `stride`, `pad` and `dilation` are given once, or once for each axis behind the channels
    (naibaf7/caffe's pooling_layer.cu; its code for CPUs has images alone, and leaves the dilation out).
    """

    tops = between(1, 2)

    def setup(self, bottom, top):
        param = self.param.pooling_param
        self.axes = _axes_to_pool(bottom[0].shape)
        if len(top) == 2 and param.pool != "MAX":
            raise InputError(f"it has 2 top blob(s) and takes exactly 1 with `pool: {param.pool}`; the places of the "
                             "maxima are there with `pool: MAX` only.")
        self.kernel = None if param.global_pooling else self._kernel()
        self.stride = self._lengths("stride", 1)
        self.pad = self._lengths("pad", 0)
        self.dilation = self._dilation()
        self._check_global()
        self._check_pad(self.windows(bottom[0].shape).extent)

    @classmethod
    def unsupported(cls, param):
        param = param.pooling_param
        if param.ceil_mode and param.has("ceil_mode") and param.round_mode == "FLOOR":
            return ["it gives `ceil_mode: true` and `round_mode: FLOOR`, which say opposite things"]
        return []

    def is_capturable(self):
        return self.param.pooling_param.pool != "STOCHASTIC" or self.param.phase != "TRAIN"

    def _kernel(self) -> Shape:
        param = self.param.pooling_param
        if param.has("kernel_size") == (param.has("kernel_h") and param.has("kernel_w")):
            raise InputError("it must give `kernel_size`, or both `kernel_h` and `kernel_w`, or `global_pooling: "
                             "true`.")
        kernel = (self._for_each_axis("kernel_size", [param.kernel_size, *param.further_kernel_size])
                  if param.has("kernel_size") else self._pair("kernel"))
        if min(kernel) < 1:
            raise InputError(f"its kernel is {list(kernel)}; each length must be at least 1.")
        return kernel

    def _lengths(self, name: str, least: int) -> Shape:
        """The lengths that the field `name`, or its variants for height and width, give."""
        param = self.param.pooling_param
        has_pair = [param.has(f"{name}_h"), param.has(f"{name}_w")]
        if any(has_pair) and (param.has(name) or not all(has_pair)):
            raise InputError(f"it must give `{name}`, or both `{name}_h` and `{name}_w`.")
        further = getattr(param, f"further_{name}")
        lengths = self._pair(name) if all(has_pair) else self._for_each_axis(name, [getattr(param, name), *further])
        if min(lengths) < least:
            raise InputError(f"its `{name}` is {list(lengths)}; each length must be at least {least}.")
        return lengths

    def _pair(self, name: str) -> Shape:
        """The fields for height and width."""
        if self.axes != 2:
            raise InputError(f"it gives `{name}_h` and `{name}_w`, and its bottom has {self.axes} axes behind the "
                             "channels; give one number for each.")
        return tuple(getattr(self.param.pooling_param, f"{name}_{axis}") for axis in "hw")

    def _for_each_axis(self, name: str, given: list[int]) -> Shape:
        if len(given) not in (1, self.axes):
            raise InputError(f"it gives `{name}` {len(given)} times, and its bottom has {self.axes} axes behind the "
                             "channels; give it once, or once for each.")
        return tuple(given * self.axes if len(given) == 1 else given)

    def _dilation(self) -> Shape:
        dilation = self._for_each_axis("dilation", list(self.param.pooling_param.dilation) or [1])
        if min(dilation) < 1:
            raise InputError(f"its `dilation` is {list(dilation)}; each must be at least 1.")
        return dilation

    def _check_global(self) -> None:
        param = self.param.pooling_param
        if not param.global_pooling:
            return
        if any(param.has(field) for field in ("kernel_size", "kernel_h", "kernel_w")):
            raise InputError("it gives a kernel and `global_pooling: true`, whose kernel is the whole image; leave out "
                             "one of them.")
        if any(self.pad) or max(self.stride) > 1:
            raise InputError(f"its `pad` is {list(self.pad)} and its `stride` {list(self.stride)}; with "
                             "`global_pooling: true` they must be 0 and 1.")
        if max(self.dilation) > 1:
            raise InputError(f"its `dilation` is {list(self.dilation)}, and with `global_pooling: true` the window is "
                             "the whole image, so that it must be 1.")

    def _check_pad(self, extent: Shape) -> None:
        if not any(self.pad):
            return
        if self.param.pooling_param.pool == "STOCHASTIC":
            raise InputError(f"its `pad` is {list(self.pad)}, and stochastic pooling takes none; use MAX or AVE, or no "
                             "padding.")
        if any(pad >= length for pad, length in zip(self.pad, extent)):
            raise InputError(f"its `pad` {list(self.pad)} is not smaller than its kernel {list(extent)}; a window must "
                             "reach into the image.")

    def shapes(self, bottom_shapes):
        shape = bottom_shapes[0]
        if _axes_to_pool(shape) != self.axes:
            raise InputError(f"its bottom now has shape {shape_string(shape)}, and its windows were made for "
                             f"{self.axes} axes behind the channels; reshape the net's input so that they stay.")
        windows = self.windows(shape)
        if min(windows.number) < 1:
            raise InputError(f"its kernel {list(windows.extent)} does not fit into a bottom of shape "
                             f"{shape_string(shape)}; use a smaller kernel, or pad.")
        return [shape[:2] + windows.number] * 2

    def windows(self, shape: Shape) -> Windows:
        """The windows over a bottom of this shape."""
        param = self.param.pooling_param
        rounds_up = param.round_mode == "CEIL" and param.ceil_mode
        return Windows(shape[2:], self.kernel or shape[2:], self.stride, self.pad, rounds_up, self.dilation)

    def reshape(self, bottom, top):
        super().reshape(bottom, top)
        self._method: PoolingMethod = METHODS[self.param.pooling_param.pool](self, self.windows(bottom[0].shape))

    def forward(self, bottom, top):
        self._method.forward(bottom[0].data, top[0].data)
        if len(top) == 2 and isinstance(self._method, (MaxPooling, VolumeMaxPooling)):
            top[1].data.copy_(self._method.mask())

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            self._method.backward(top[0].diff, bottom[0].data, bottom[0].diff)


def _axes_to_pool(shape: Shape) -> int:
    """How many axes of a bottom are pooled. Raises InputError if it is none to pool."""
    if len(shape) != VOLUMES or 0 in shape[1:]:
        require_images(shape, "pooling")
    return len(shape) - 2


def _maximum(layer: Pooling, windows: Windows) -> MaxPooling | VolumeMaxPooling:
    return MaxPooling(windows, layer.context.scratch) if windows.are_of_images else VolumeMaxPooling(windows)


def _average(layer: Pooling, windows: Windows) -> AveragePooling | PatchAveragePooling:
    if windows.are_of_images and not windows.are_dilated:
        return AveragePooling(windows, layer.context.scratch)
    return PatchAveragePooling(windows)


def _stochastic(layer: Pooling, windows: Windows) -> StochasticPooling:
    if layer.param.phase != "TRAIN":
        return StochasticPooling(windows)
    return StochasticPooling(windows, lambda count: layer.context.stream().uniform(count, 0, 1))


METHODS: dict[str, Callable[[Pooling, Windows], PoolingMethod]] = {
    "MAX": _maximum,
    "AVE": _average,
    "STOCHASTIC": _stochastic,
}
