"""Several runs of one architecture trained together, as one batched computation.

A small net leaves a GPU mostly idle; the same net from several seeds, computed at once, fills it. Each run keeps its
own solver, with its weights, history, tests, displays and snapshots; only the gradients of an iteration are computed
together, by the layers' formulas (`Layer.compute`) mapped over the runs; on a CUDA device that is one recorded graph.
All runs see the same batches, those of the first run, as each would alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Callable, TextIO

import torch
from torch.func import grad_and_value, vmap

from ...errors import InputError
from .. import log
from ..captured import CudaGraph, Replayed, is_capturable
from ..layers.data_source import DataSource
from .packing import stack
from .solver import Solver


class Together:
    """Trains `solvers`, made from one solver prototxt but for random_seed and snapshot_prefix, in step.

    `logs` are the files to which each run's log lines go, or None for standard error; `after_iteration` is called when
    all runs have made one. Of each run's blobs the outputs, the parameters and their diffs are kept up to date. Raises
    InputError if the solvers' nets differ, accumulate gradients over several passes, or have a layer without a formula,
    or with a state of its own.
    """

    def __init__(self, solvers: Sequence[Solver], logs: Sequence[TextIO | None] | None = None,
                 after_iteration: Callable[[], object] = lambda: None, record=CudaGraph):
        self.solvers = list(solvers)
        self._after_iteration = after_iteration
        self._logs = list(logs or [None] * len(self.solvers))
        _check_alike(self.solvers)
        self._net = self.solvers[0].net
        self._stacks = stack([solver.rule.groups for solver in self.solvers])
        self._params = self._stacked_parameters(0)
        self._diffs = self._stacked_parameters(1)
        # The update rules show each run's last update where its diff is; they must look at the new places.
        for solver in self.solvers:
            solver.rule.look_again()
            solver.fed_by = self._net
            solver.watch.keeps_blobs = False
        self._losses = torch.zeros(len(self.solvers), device=self._net.device)
        self._captured = Replayed(self._compute, record)
        self._gradients = vmap(grad_and_value(self._loss, has_aux=True), in_dims=(0, None))

    def _stacked_parameters(self, half: int) -> list[torch.Tensor]:
        """All learnable parameters (half 0) or their diffs (1) in the order of the net, as (runs, *shape) views."""
        by_blob = {}
        for group, stacked in zip(self.solvers[0].rule.groups, self._stacks):
            counts = [parameter.blob.count for parameter in group.parameters]
            for parameter, part in zip(group.parameters, stacked[half].split(counts, dim=1)):
                by_blob[parameter.blob] = part.view(len(part), *parameter.blob.shape)
        return [by_blob[parameter.blob] for parameter in self._net.learnable]

    def solve(self) -> None:
        """Train all runs to max_iter, with each one's tests, displays, snapshots and log."""
        for solver in self._each():
            solver.begin_solve()
        self.step(self.solvers[0].param.max_iter - self.solvers[0].iter)
        for solver in self._each():
            solver.end_solve()

    def step(self, iterations: int) -> None:
        """Train all runs for so many iterations."""
        for solver in self._each():
            solver.begin_run()
        for _ in range(iterations):
            for solver in self._each():
                solver.begin_iteration()
            losses = self.compute_gradients()
            for number, solver in enumerate(self._each()):
                solver.end_iteration(float(losses[number]) if solver.wants_loss else None)
            self._after_iteration()

    def _each(self):
        """The solvers one after the other, each with the log going to its own file."""
        for solver, stream in zip(self.solvers, self._logs):
            with log.to(stream) if stream is not None else contextlib.nullcontext():
                yield solver

    def compute_gradients(self) -> torch.Tensor:
        """The gradients of all runs on the next batch, into their diffs; returns the runs' losses, (runs,)."""
        net = self._net
        for number, plan in enumerate(net.plans):
            if not plan.bottom_ids:
                net.run_layer_forward(number)
        for solver in self.solvers:
            for parameter in solver.net.learnable:
                parameter.blob.take_from_host()
                parameter.blob.diff_memory.take_for_writing()
            for _, blob, _ in solver.net.outputs:
                blob.take_from_host()
        self._captured.run() if is_capturable(net) else self._compute()
        return self._losses

    def _compute(self) -> None:
        """What is computed together, from the first net's sources, into memory that stays where it is."""
        net = self._net
        sources = {i: net.blobs[i].data for plan in net.plans if not plan.bottom_ids for i in plan.top_ids}
        gradients, (losses, outputs) = self._gradients(self._params, sources)
        self._losses.copy_(losses)
        for diff, gradient in zip(self._diffs, gradients):
            diff.copy_(gradient)
        for i, values in zip(net.output_ids, outputs):
            for solver, value in zip(self.solvers, values):
                solver.net.blobs[i].data.copy_(value)

    def _loss(self, params: list[torch.Tensor], sources: dict[int, torch.Tensor]):
        """One run's weighted loss, and the values of its net's outputs, as a function of its parameters."""
        net, values = self._net, dict(sources)
        loss: torch.Tensor | float = 0.0
        numbers = {id(parameter): k for k, parameter in enumerate(net.learnable)}
        for number, (layer, plan) in enumerate(zip(net.layers, net.plans)):
            if not plan.bottom_ids:
                continue
            own = [params[numbers[id(net.parameters.owner_of[number, k])]].reshape(blob.shape)
                   for k, blob in enumerate(layer.blobs)]
            own = [param if layer.needs_diff(k) else param.detach() for k, param in enumerate(own)]
            bottoms = [values[i] if wanted else values[i].detach()
                       for i, wanted in zip(plan.bottom_ids, plan.propagates_down)]
            tops = layer.compute(bottoms, own)
            values.update(zip(plan.top_ids, tops))
            loss = loss + sum(weight * top.sum() for weight, top in zip(layer.loss_weights, tops) if weight)
        return loss, [values[i] for i in net.output_ids]


def _check_alike(solvers: list[Solver]) -> None:
    first = solvers[0]
    for layer, plan in zip(first.net.layers, first.net.plans):
        if plan.bottom_ids and isinstance(layer, DataSource):
            raise InputError(f"{first.name}: layer `{layer.name}` (type {layer.type}) keeps a state from pass to pass, "
                             "and no formula tells that; train the runs one by one.")
    for solver in solvers:
        shapes = [[(layer.type, [blob.shape for blob in layer.blobs]) for layer in s.net.layers]
                  for s in (first, solver)]
        if shapes[0] != shapes[1]:
            raise InputError(f"{solver.name} and {first.name} have different nets; only runs of one net, which differ "
                             "in their seeds, can be trained together.")
        if solver.param.iter_size != 1:
            raise InputError(f"{solver.name}: the solver's iter_size is {solver.param.iter_size}; runs trained "
                             "together take one pass an iteration.")
