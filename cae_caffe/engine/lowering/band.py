"""Rows by an exact Fourier transform, columns by a banded matrix: few channels under large kernels. See README.md."""

from __future__ import annotations

import torch

from . import band_plan, bilinear
from .band_plan import BandPlan
from .buffers import Scratch, Snapshot, kind_of
from .candidate import Candidate
from .geometry import ConvolutionGeometry
from .kernel import Kernel, deliver, deliver_sum, megaflops
from .packing import ROWS_FIRST, Frame, Packing


class BandKernel(Kernel):
    """`y = C ((A x) * (B w))` over rows, each product of which is a matrix product over channels and columns."""

    rows_first = True

    def __init__(self, geometry: ConvolutionGeometry, scratch: Scratch | None = None) -> None:
        super().__init__(geometry)
        self.plan = BandPlan(geometry)
        self._scratch = Scratch() if scratch is None else scratch
        self._work: _Work | None = None
        sides = [self._side_elements(geometry.transposed)]
        if geometry.needs_bottom_diff:
            sides.append(self._side_elements(not geometry.transposed))
        self._scratch.reserve("product", max(sides))
        self._scratch.reserve("slots", sides[0])
        self._scratch.reserve("band", self.plan.rank * self.plan.small_width * self.plan.large_width)

    def _side_elements(self, large: bool) -> int:
        return self.plan.rank * self.geometry.batch * (self.plan.large_width if large else self.plan.small_width)

    def forward(self, bottom, weight, bias, top):
        work = self._ready(bottom)
        work.load_weight(weight)
        work.load_bottom(bottom)
        product = work.top.slots("product")
        torch.bmm(work.kept.cube, work.up, out=product.cube)
        if bias is not None:
            work.top.add_bias(product, bias)
        work.top.restore(product, top)

    def backward(self, top_diff, bottom, weight, *, bottom_diff=None, weight_diff=None, bias_diff=None,
                 accumulate=False):
        work = self._ready(top_diff)
        slots = work.top.slots("slots")
        work.top.transform(top_diff, slots)
        if bias_diff is not None:
            deliver_sum(work.top.sums_over_batch(slots), (0, 2), bias_diff, accumulate)
        if weight_diff is not None:
            work.weight_gradient(bottom, slots, weight_diff, accumulate)
        if bottom_diff is not None:
            work.load_weight_if_changed(weight)
            product = work.bottom.slots("product")
            torch.bmm(slots.cube, work.down, out=product.cube)
            work.bottom.restore(product, bottom_diff)

    def describe(self):
        plan = self.plan
        return (f"band: {plan.rank} slots of {plan.small_width} x {plan.large_width}, "
                f"{megaflops(plan.flops)} a step instead of {megaflops(self.geometry.direct_flops)}")

    def forget(self):
        if self._work is not None:
            self._work.forget()

    def _ready(self, like: torch.Tensor) -> _Work:
        """The buffers and constants for tensors like this one."""
        work = self._work
        if work is None or work.kind != kind_of(like):
            work = self._work = _Work(self.plan, self._scratch, like.new_empty(0))
        return work


class _Slots:
    """Transformed activations, in three views of the same memory."""

    def __init__(self, cube: torch.Tensor, image: tuple[int, ...]) -> None:
        self.cube = cube                                # (slot, image, phases and channels and columns)
        self.flat = cube.view(cube.shape[0], -1)        # (slot, all the rest)
        self.sums = cube[0].view(-1, *image)            # slot 0 alone: (image, phase, channel, column)


class _Side:
    """The small or the large side: how its tensors become slots and slots become tensors."""

    def __init__(self, plan: BandPlan, large: bool, scratch: Scratch, like: torch.Tensor) -> None:
        geometry = plan.geometry
        extent = geometry.large if large else geometry.small
        frame = plan.frame if large else Frame(extent.height, extent.width)
        constants = bilinear.factors(geometry.small.height, plan.taps)
        basis = constants.large.t() if large else constants.small
        self._scratch, self._like = scratch, like
        self._basis = basis.to(like).contiguous()        # (rank, rows)
        self._inverse = self._basis.t()
        self._packing = Packing(geometry.batch, extent, ROWS_FIRST, frame, like)
        self._shape = (plan.rank, geometry.batch, plan.large_width if large else plan.small_width)
        # Slot 0 is the sum over rows times a constant, so it takes the bias, and gives its gradient, for all rows.
        self._rows_over_sum = 1 / float(basis[0, 0])
        self._image = (frame.phases, extent.channels, frame.width)
        # A product with a constant row: one call where a sum and its scaling take two.
        self._over_batch = like.new_full((1, geometry.batch), self._rows_over_sum)
        self._batch_sum = like.new_empty((1, self._shape[2]))
        self._taken: dict[str, _Slots] = {}

    def slots(self, role: str) -> _Slots:
        """Memory for this side's slots in the scratch that all layers share."""
        if role not in self._taken:
            self._taken[role] = _Slots(self._scratch.take(role, self._shape, self._like), self._image)
        return self._taken[role]

    def new_slots(self) -> _Slots:
        return _Slots(self._like.new_empty(self._shape), self._image)

    def transform(self, tensor: torch.Tensor, slots: _Slots) -> None:
        torch.mm(self._basis, self._packing.load(tensor), out=slots.flat)

    def restore(self, slots: _Slots, tensor: torch.Tensor) -> None:
        self._packing.write(tensor, self._scratch, lambda rows: torch.mm(self._inverse, slots.flat, out=rows))

    def add_bias(self, slots: _Slots, bias: torch.Tensor) -> None:
        slots.sums.add_(bias.view(-1, 1), alpha=self._rows_over_sum)

    def sums_over_batch(self, slots: _Slots) -> torch.Tensor:
        """What the tensor holds, summed over images and rows: (phase, channel, column)."""
        torch.mm(self._over_batch, slots.cube[0], out=self._batch_sum)
        return self._batch_sum.view(self._image)


_COLUMN = 3     # of the band's dimensions: slot, phase, small channel, small column, large channel, tap


class _Band:
    """The slots' matrices: a kernel row's taps along a band, and nothing elsewhere.

    Entry [slot, (channel, o), (phase, channel', stride o + j)] is tap j between the two channels. One strided view
    shows all entries of the band by their tap, and serves to write the weights and to sum up their gradient.
    """

    def __init__(self, plan: BandPlan, scratch: Scratch, like: torch.Tensor) -> None:
        geometry = plan.geometry
        small, large, kernel = geometry.small, geometry.large, geometry.kernel
        rows, columns = plan.small_width, plan.large_width
        shape = (plan.rank, rows, columns) if plan.wide else (plan.rank, columns, rows)
        self._wide, self._height = plan.wide, kernel[0]
        row, column = (columns, 1) if plan.wide else (1, rows)
        width = plan.frame.width
        size = (plan.rank, plan.phases, small.channels, small.width, large.channels, kernel[1])
        stride = (rows * columns, large.channels * width * column, small.width * row,
                  row + geometry.stride[1] * column, width * column, column)
        self._factor = bilinear.factors(small.height, plan.taps).kernel.to(like).contiguous()   # (rank, taps)
        by_row = (plan.taps * plan.phases, small.channels, large.channels, kernel[1])
        self._weight = like.new_zeros(by_row)      # rows beyond the kernel's stay zero
        self._weight_gradient = like.new_empty(by_row)
        self._by_slot = like.new_empty((plan.rank, self._weight.numel() // plan.taps))
        #: `_by_slot` by the band's dimensions, with one entry for all columns.
        self._one_column = self._by_slot.view(plan.rank, plan.phases, small.channels, 1, large.channels, kernel[1])
        matrices, self._gradient = like.new_zeros(shape), scratch.take("band", shape, like)
        self._entries, self._gradient_entries = (t.as_strided(size, stride) for t in (matrices, self._gradient))
        #: (slot, large width, small width)
        self.large_to_small = matrices.transpose(1, 2) if plan.wide else matrices

    def write(self, weight: torch.Tensor) -> None:
        """Fill the band from weights of Caffe's shape."""
        self._weight[:self._height].copy_(weight.permute(2, 0, 1, 3))
        torch.mm(self._factor, self._weight.view(self._factor.shape[1], -1), out=self._by_slot)
        self._entries.copy_(self._one_column)

    def gradient(self, small: torch.Tensor, large: torch.Tensor) -> torch.Tensor:
        """The weights' gradient, of Caffe's shape, from both sides' slots (slot, image, width)."""
        first, second = (small, large) if self._wide else (large, small)
        torch.bmm(first.transpose(1, 2), second, out=self._gradient)
        torch.sum(self._gradient_entries, _COLUMN, keepdim=True, out=self._one_column)
        torch.mm(self._factor.t(), self._by_slot, out=self._weight_gradient.view(self._factor.shape[1], -1))
        return self._weight_gradient[:self._height].permute(1, 2, 0, 3)


class _Work:
    """A kernel's constants and buffers for one kind of tensors, and what its last forward left in them."""

    def __init__(self, plan: BandPlan, scratch: Scratch, like: torch.Tensor) -> None:
        self.kind = kind_of(like)
        transposed = plan.geometry.transposed
        self.bottom = _Side(plan, not transposed, scratch, like)
        self.top = _Side(plan, transposed, scratch, like)
        self.kept = self.bottom.new_slots()
        self._transposed = transposed
        self._band = _Band(plan, scratch, like)
        down = self._band.large_to_small
        self.up, self.down = (down.transpose(1, 2), down) if transposed else (down, down.transpose(1, 2))
        self._seen_bottom, self._seen_weight = Snapshot(), Snapshot()

    def load_bottom(self, bottom: torch.Tensor) -> None:
        self.bottom.transform(bottom, self.kept)
        self._seen_bottom.take(bottom)

    def load_weight(self, weight: torch.Tensor) -> None:
        self._band.write(weight)
        self._seen_weight.take(weight)

    def load_weight_if_changed(self, weight: torch.Tensor) -> None:
        if not self._seen_weight.holds(weight):
            self.load_weight(weight)

    def weight_gradient(self, bottom: torch.Tensor, top: _Slots, weight_diff: torch.Tensor, accumulate: bool) -> None:
        if not self._seen_bottom.holds(bottom):
            self.load_bottom(bottom)
        small, large = (self.kept, top) if self._transposed else (top, self.kept)
        deliver(self._band.gradient(small.cube, large.cube), weight_diff, accumulate)

    def forget(self) -> None:
        self._seen_bottom.drop()
        self._seen_weight.drop()


CANDIDATE = Candidate("band", band_plan.fits, band_plan.gain, BandKernel, band_plan.MARGIN)
