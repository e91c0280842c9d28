"""Which layers run backward, and to which of their bottoms: the second half of Net::Init."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import log


@dataclass
class LayerPlan:
    """How a net runs one layer: on which blobs, by number, and whether and whither backward."""

    bottom_ids: list[int]
    top_ids: list[int]
    needs_backward: bool = False
    propagates_down: list[bool] = field(default_factory=list)


def prune(plans: list[LayerPlan], layers, blob_names: list[str]) -> None:
    """Leave out of the backward pass what does not contribute to a loss, or what nothing asks for.

    Goes through the layers from the last to the first, with Caffe's sets of blob names: those under a loss, and those
    whose gradient no consumer computes.
    """
    under_loss: set[str] = set()
    skipped: set[str] = set()
    for plan, layer in zip(reversed(plans), reversed(layers)):
        tops = [blob_names[i] for i in plan.top_ids]
        contributes = any(weight or name in under_loss for weight, name in zip(layer.loss_weights, tops))
        if plan.needs_backward and all(name in skipped for name in tops):
            plan.needs_backward = False
            plan.propagates_down = [False] * len(plan.bottom_ids)
        if not contributes:
            plan.needs_backward = False
            plan.propagates_down = [False] * len(plan.bottom_ids)
        log.info("net.cpp:200" if plan.needs_backward else "net.cpp:202",
                 f"{layer.name} {'needs' if plan.needs_backward else 'does not need'} backward computation.")
        bottoms = [blob_names[i] for i in plan.bottom_ids]
        if contributes:
            under_loss.update(bottoms)
        skipped.update(name for name, wanted in zip(bottoms, plan.propagates_down) if not wanted)


def force(plans: list[LayerPlan], layers) -> None:
    """`force_backward: true`: every layer runs backward, to every bottom that allows it."""
    for plan, layer in zip(plans, layers):
        plan.needs_backward = True
        plan.propagates_down = [wanted or layer.allows_forced_backward(i)
                                for i, wanted in enumerate(plan.propagates_down)]
        layer.param_needs_diff = [True] * len(layer.blobs)
