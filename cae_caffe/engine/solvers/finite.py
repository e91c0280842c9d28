"""NaN and infinity in training: the first appearance, and the layer where it arose.

What is looked at, and when, so that it costs nearly nothing and changes no number:

* on a CPU, at every iteration, one small gradient: the last that the backward pass computes, of the first layer that
  learns, for what is no number in the loss, or in a gradient on the way, comes down to there;
* the loss, wherever it is computed for the log (`display`, `average_loss`);
* all gradients and weights where the loss is displayed, at most every LEAST iterations;
* all weights before a snapshot.

Only when one of these is not finite are the layers searched, once a run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from ...errors import InputError, RunError
from .. import log
from ..blob import Blob, Memory

EFFECTS = ("warn", "stop", "go")
LEAST = 10          # iterations between two looks at all gradients and weights
PROBE = 1024        # values of the gradient that is looked at in each iteration


class Watch:
    """Watches the training of `solver`; `effect` is what follows, one of EFFECTS.

    `warn` logs one line at the first appearance, `stop` raises RunError with it, `go` looks at nothing. Raises
    InputError for another effect. `keeps_blobs` says whether the net's blobs hold what the last pass computed.
    """

    def __init__(self, solver, effect: str = "go"):
        if effect not in EFFECTS:
            raise InputError(f"--on-nan is `{effect}`; it must be one of {', '.join(EFFECTS)}.")
        self._solver, self._effect = solver, effect
        self._looked_at = -LEAST
        self._good = ""             # the newest snapshot whose weights were all finite
        self._probe = _Probe(solver.net) if effect != "go" and solver.net.device.type == "cpu" else None
        self.keeps_blobs = True

    def gradients_are_there(self, loss: float | None) -> None:
        """Look before the update; `loss` is this iteration's, or None if it was not asked for."""
        if self._effect == "go":
            return
        found = loss is not None and not math.isfinite(loss)
        if self._probe is not None and not found:
            found = not math.isfinite(self._probe.sum())
        solver = self._solver
        if not found and solver.displays and solver.iter - self._looked_at >= LEAST:
            self._looked_at = solver.iter
            for group in solver.rule.groups:
                group.settle()
            found = not all(_finite(flat) for group in solver.rule.groups for flat in (group.diff, group.data))
        if found:
            self._tell(loss)

    def snapshot_follows(self) -> None:
        """Look before a snapshot."""
        if self._effect == "go":
            return
        if not all(_finite(group.data) for group in self._solver.rule.groups):
            self._tell(None)

    def snapshot_is(self, stem: str) -> None:
        """Note that `stem` is a snapshot whose weights, as far as is known, are all finite."""
        self._good = stem

    def _tell(self, loss: float | None) -> None:
        place = self._place()
        if place is None and (loss is None or math.isfinite(loss)):
            return              # the sum of a gradient was too large for a float, none of its values was
        solver = self._solver
        what = f", loss = {log.number(loss)}" if loss is not None else ""
        newest = f"The newest snapshot before it is {self._good}" if self._good else "No snapshot was written before it"
        said = (f"Iteration {solver.iter}{what}: NaN or infinity{f', first in {place}' if place else ' in the loss'}. "
                f"{newest}; a smaller base_lr, clip_gradients, or other data may help.")
        stops = self._effect == "stop"
        self._effect = "go"
        if stops:
            raise RunError(f"{said} The run ends here, without a snapshot (--on-nan stop).")
        log.warning("finite.py", said)

    def _place(self) -> str | None:
        """The first layer of the last pass, there and back, where a value is not finite; None if all are."""
        return next((f"layer {node}: {what} has {_counted(values)}" for node, what, values in self._values()
                     if not _finite(values)), None)

    def _values(self) -> Iterator[tuple[str, str, torch.Tensor]]:
        """Each array of the last pass in the order in which it was computed: place of the layer, what it is, values."""
        net = self._solver.net
        nodes = [(node.place.removeprefix("layer "), i) for i, node in enumerate(net.graph.nodes)]
        for node, i in nodes:
            for k, blob in enumerate(net.layers[i].blobs):
                yield node, f"its parameter {k}", blob.data
            for name, blob in self._tops(i):
                yield node, f"its top `{name}`", blob.data
        for node, i in reversed(nodes):
            plan, layer = net.plans[i], net.layers[i]
            if not plan.needs_backward:
                continue
            for k, blob in enumerate(layer.blobs):
                if layer.needs_diff(k):
                    yield node, f"the gradient of its parameter {k}", blob.diff
            for blob_id, wanted in zip(plan.bottom_ids, plan.propagates_down if self.keeps_blobs else ()):
                if wanted and net.blobs[blob_id].has_diff:
                    yield node, f"the gradient of its bottom `{net.blob_names[blob_id]}`", net.blobs[blob_id].diff

    def _tops(self, number: int) -> list[tuple[str, Blob]]:
        net = self._solver.net
        ids = net.plans[number].top_ids
        kept = ids if self.keeps_blobs else [i for i in ids if i in net.output_ids]
        return [(net.blob_names[i], net.blobs[i]) for i in kept]


class _Probe:
    """The gradient that is looked at in each iteration: the smallest of the first layer that learns."""

    def __init__(self, net):
        learning = ([blob for k, blob in enumerate(layer.blobs) if plan.needs_backward and layer.needs_diff(k)]
                    for layer, plan in zip(net.layers, net.plans))
        self.blob = min(next(filter(None, learning), ()), key=lambda blob: blob.count, default=None)
        self._memory: Memory | None = None
        self._values = torch.empty(0)

    def sum(self) -> float:
        """The sum of the gradient's first PROBE values; 0 if nothing learns."""
        if self.blob is None:
            return 0.0
        memory = self.blob.diff_memory
        if memory is not self._memory:          # it was moved
            self._memory, self._values = memory, memory.flat[:PROBE]
        return 0.0 if memory.unsettled else self._values.sum().item()


def _finite(values: torch.Tensor) -> bool:
    """Whether all values are finite, in one pass without memory of its own."""
    if not values.numel():
        return True
    low, high = torch.aminmax(values)
    return math.isfinite(low) and math.isfinite(high)


def _counted(values: torch.Tensor) -> str:
    nan, infinite = int(torch.isnan(values).sum()), int(torch.isinf(values).sum())
    return f"{nan} NaN and {infinite} infinite among {values.numel()} values"
