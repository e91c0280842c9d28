"""The oracle of all lowering tests: a layer in float64 by PyTorch's own convolution and autograd."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F


class Layer:
    """Random tensors for a geometry, and what the layer must make of them, in float64."""

    def __init__(self, geometry, dtype=torch.float64, store=torch.Tensor.contiguous):
        generator = torch.Generator().manual_seed(1)

        def draw(shape):
            return (torch.rand(shape, generator=generator, dtype=torch.float64) - 0.3).to(dtype)

        self.geometry = geometry
        self.bottom, self.top_diff = store(draw(geometry.bottom_shape)), store(draw(geometry.top_shape))
        self.weight = draw(geometry.weight_shape)
        self.bias = draw((geometry.out_channels,)) if geometry.has_bias else None

    def expected(self):
        """Top, and the gradients of bottom, weight and bias, in that order; no bias, no gradient of it."""
        geometry = self.geometry
        leaves = [t.detach().double().contiguous().requires_grad_() for t in self._given()]
        bias = leaves[2] if geometry.has_bias else None
        shared = (geometry.stride, geometry.pad)
        if geometry.transposed:
            top = F.conv_transpose2d(*leaves[:2], bias, *shared, 0, geometry.group, geometry.dilation)
        else:
            top = F.conv2d(*leaves[:2], bias, *shared, geometry.dilation, geometry.group)
        return [top.detach(), *torch.autograd.grad(top, leaves, self.top_diff.double())]

    def forward(self, kernel):
        top = torch.full_like(self.top_diff, torch.nan)
        kernel.forward(self.bottom, self.weight, self.bias, top)
        return top

    def backward(self, kernel, **options):
        """The gradients of bottom, weight and bias; with accumulate=True, those of the parameters on top of ones."""
        start = 1.0 if options.get("accumulate") else torch.nan
        bottom_diff = torch.full_like(self.bottom, torch.nan)
        weight_diff = torch.full_like(self.weight, start)
        bias_diff = None if self.bias is None else torch.full_like(self.bias, start)
        kernel.backward(self.top_diff, self.bottom, self.weight, bottom_diff=bottom_diff, weight_diff=weight_diff,
                        bias_diff=bias_diff, **options)
        return [t for t in (bottom_diff, weight_diff, bias_diff) if t is not None]

    def _given(self):
        return [t for t in (self.bottom, self.weight, self.bias) if t is not None]


def assert_close(actual, expected, tolerance):
    """Each tensor to `tolerance` of the largest value expected in it."""
    assert len(actual) == len(expected)
    for number, (mine, theirs) in enumerate(zip(actual, expected)):
        error = (mine.double() - theirs).abs().max()
        assert error <= tolerance * theirs.abs().max().clamp(min=1e-3), f"tensor {number} is off by {error:.2e}"


@pytest.fixture(name="Layer", scope="session")
def _layer():
    return Layer


@pytest.fixture(name="assert_close", scope="session")
def _assert_close():
    return assert_close
