"""A developer's tool: `python -m cae_caffe.engine.lowering.measure` times each layer of the paper's CAEs.

One thread, in that thread's processor time, so that other processes disturb it little; lowered and native steps
(forward and backward, as autograd does it) in turn, the median of each. The matrix products alone, replayed on the
step's own tensors, are the limit that the lowering works against. `--rule` compares the rule's promise with the
measured gain over a spread of shapes, to see whether its constants suit this machine.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F

from .. import torch_private
from . import band_plan, rule
from .band import BandKernel
from .geometry import ConvolutionGeometry
from .kernel import Kernel

_PRODUCTS = {torch.ops.aten.mm.out, torch.ops.aten.bmm.out, torch.ops.aten.addmm.out, torch.ops.aten.addmm_.default}
#: Written between two steps: in a net, the other layers push a layer's data out of the cache.
_OTHER_BYTES = 4 << 20


def paper_layers(batch: int = 100) -> dict[str, ConvolutionGeometry]:
    """The convolutions and deconvolutions of CAE Models 1 and 2 by name."""
    layers: dict[str, ConvolutionGeometry] = {}
    for model, (first, second, third, hidden) in {"Model 1": (4, 2, 2, 125), "Model 2": (8, 4, 4, 250)}.items():
        conv, deconv = (lambda *a, t=t, **k: ConvolutionGeometry(t, batch, *a, **k) for t in (False, True))
        layers |= {
            f"{model} conv1": conv(1, 28, 28, first, (9, 9), needs_bottom_diff=False),
            f"{model} conv2": conv(first, 20, 20, second, (9, 9)),
            f"{model} deconv2": deconv(hidden, 1, 1, second, (12, 12)),
            f"{model} deconv1": deconv(second, 12, 12, third, (17, 17)),
            f"{model} deconv1neur": deconv(third, 28, 28, 1, (1, 1)),
        }
    return layers


def spread_of_layers() -> Iterator[ConvolutionGeometry]:
    """Shapes on both sides of the rule: few and many channels, large and small kernels, strides, small batches."""
    for batch in (100, 10):
        for channels, outputs, size, kernel, stride, first in (
                (1, 4, 28, 9, 1, True), (1, 8, 28, 9, 1, True), (4, 2, 20, 9, 1, False), (8, 4, 20, 9, 1, False),
                (1, 20, 28, 5, 1, True), (20, 50, 12, 5, 1, False), (3, 16, 32, 5, 1, True), (16, 32, 16, 3, 1, False),
                (8, 8, 16, 5, 2, False), (16, 16, 20, 9, 1, False), (4, 4, 64, 9, 1, False), (2, 2, 32, 11, 1, False),
                (1, 16, 28, 5, 1, True), (6, 16, 14, 5, 1, False), (3, 8, 32, 7, 1, True), (4, 4, 14, 3, 1, False)):
            yield ConvolutionGeometry(False, batch, channels, size, size, outputs, (kernel, kernel), (stride, stride),
                                      needs_bottom_diff=not first)
        for channels, outputs, size, kernel, stride in (
                (4, 4, 12, 17, 1), (2, 2, 12, 17, 1), (16, 16, 12, 5, 1), (16, 16, 12, 17, 1), (4, 2, 14, 4, 2),
                (8, 1, 20, 9, 1), (1, 1, 12, 17, 1), (16, 8, 14, 5, 1)):
            yield ConvolutionGeometry(True, batch, channels, size, size, outputs, (kernel, kernel), (stride, stride))


def native_step(geometry: ConvolutionGeometry) -> Callable[[], None]:
    """One step of the layer in eager PyTorch with autograd."""
    bottom, weight, bias, top_diff = _tensors(geometry, rows_first=False)
    wanted = [weight.requires_grad_(), bias.requires_grad_()]
    if geometry.needs_bottom_diff:
        wanted.append(bottom.requires_grad_())
    function = F.conv_transpose2d if geometry.transposed else F.conv2d

    def step() -> None:
        top = function(bottom, weight, bias, geometry.stride, geometry.pad)
        torch.autograd.grad(top, wanted, top_diff)

    return step


def kernel_step(kernel: Kernel) -> Callable[[], None]:
    """One step of the layer by this kernel."""
    geometry = kernel.geometry
    bottom, weight, bias, top_diff = _tensors(geometry, kernel.rows_first)
    top, bottom_diff = torch.empty_like(top_diff), torch.empty_like(bottom) if geometry.needs_bottom_diff else None
    weight_diff, bias_diff = torch.empty_like(weight), torch.empty_like(bias)

    @torch.no_grad()
    def step() -> None:
        kernel.forward(bottom, weight, bias, top)
        kernel.backward(top_diff, bottom, weight,
                        bottom_diff=bottom_diff, weight_diff=weight_diff, bias_diff=bias_diff)

    return step


def products_of(step: Callable[[], None]) -> Callable[[], None]:
    """A step that does nothing but the matrix products of `step`, on the same tensors."""
    recorder = _Recorder()
    step()
    with recorder:
        step()

    @torch.no_grad()
    def replay() -> None:
        for product, args, kwargs in recorder.calls:
            product(*args, **kwargs)

    return replay


def milliseconds(*steps: Callable[[], None], rounds: int = 8, slice_length: int = 4) -> list[float]:
    """The median processor time of each step; short slices of each in turn, after one round of warming up."""
    other = torch.zeros(_OTHER_BYTES // 4)
    times: list[list[float]] = [[] for _ in steps]
    for _ in range(rounds + 1):
        for step, taken in zip(steps, times):
            for _ in range(slice_length):
                other.add_(1)
                start = time.thread_time()
                step()
                taken.append(1e3 * (time.thread_time() - start))
    return [statistics.median(taken[slice_length:]) for taken in times]


class _Recorder(torch_private.Listener):
    """Notes every matrix product that is written into a given tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple] = []

    def call(self, function, args, kwargs):
        if function in _PRODUCTS:
            self.calls.append((function, args, kwargs))
        return function(*args, **kwargs)


def _tensors(geometry: ConvolutionGeometry, rows_first: bool) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    shapes = geometry.bottom_shape, geometry.weight_shape, (geometry.out_channels,), geometry.top_shape
    bottom, weight, bias, top_diff = (torch.randn(shape, generator=generator) for shape in shapes)
    if rows_first:
        bottom, top_diff = (t.permute(2, 0, 1, 3).contiguous().permute(1, 2, 0, 3) for t in (bottom, top_diff))
    return bottom, weight, bias, top_diff


def _print_paper() -> None:
    print(f"{'layer':20} {'native ms':>9} {'kernel ms':>9} {'ratio':>6} {'products ms':>11} {'share':>6}  method")
    for name, geometry in paper_layers().items():
        kernel = rule.choose(geometry)
        step = kernel_step(kernel)
        native, lowered, products = milliseconds(native_step(geometry), step, products_of(step))
        print(f"{name:20} {native:9.2f} {lowered:9.2f} {native / lowered:6.1f} {products:11.2f} "
              f"{products / lowered:6.0%}  {kernel.describe()}")


def _print_rule() -> None:
    for geometry in spread_of_layers():
        native, band = milliseconds(native_step(geometry), kernel_step(BandKernel(geometry)), rounds=3)
        gain, promised = native / band, band_plan.gain(geometry)
        lost = max(gain, 1 / gain) if (promised > band_plan.MARGIN) != (gain > 1) else 1
        kind = "deconv" if geometry.transposed else "conv"
        print(f"{kind:6} batch {geometry.batch:3}, {geometry.in_channels:2} -> {geometry.out_channels:2}, "
              f"{geometry.in_height} x {geometry.in_width}, kernel {geometry.kernel[0]:2}, "
              f"stride {geometry.stride[0]}: "
              f"gain {gain:5.2f}, promised {promised:5.2f}{f', wrong by {lost:.2f}' if lost > 1 else ''}")


def main() -> None:
    """Time the paper's layers, or with `--rule` a spread of shapes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rule", action="store_true", help="compare the rule with measured gains")
    torch.set_num_threads(1)
    _print_rule() if parser.parse_args().rule else _print_paper()


if __name__ == "__main__":
    main()
