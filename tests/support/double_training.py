"""Training in float64, by the formulas of the layers: what both engines' float32 is measured against."""

from __future__ import annotations

import numpy as np
import torch


class DoubleTraining:
    """SGD of an embedded solver's own net on its own data, with its initial weights and a fixed learning rate.

    The net needs formulas (Layer.compute), as those of the paper have; the solver's own weights stay as they are.
    """

    def __init__(self, solver):
        self._net, self._param = solver.net, solver.param
        self._values = {parameter.blob: parameter.blob.data.double() for parameter in self._net.learnable}
        self._velocities = {blob: torch.zeros_like(values) for blob, values in self._values.items()}

    def step(self) -> None:
        """v = momentum v + rate (gradient + decay w); w = w - v (SGDSolver::ComputeUpdateValue)."""
        leaves = {blob: values.clone().requires_grad_() for blob, values in self._values.items()}
        gradients = torch.autograd.grad(self._loss(leaves), list(leaves.values()))
        for parameter, gradient in zip(self._net.learnable, gradients):
            values, velocity = self._values[parameter.blob], self._velocities[parameter.blob]
            decay = self._param.weight_decay * parameter.decay_mult
            rate = self._param.base_lr * parameter.lr_mult
            velocity.mul_(self._param.momentum).add_(gradient + decay * values, alpha=rate)
            values.sub_(velocity)

    def _loss(self, leaves) -> torch.Tensor:
        tops, loss = {}, torch.zeros((), dtype=torch.float64)
        for layer, bottom, top in zip(self._net.layers, self._net.bottoms, self._net.tops):
            if not bottom:
                layer.forward(bottom, top)
                results = [blob.data.double() for blob in top]
            else:
                results = layer.compute([tops[blob] for blob in bottom], [leaves[blob] for blob in layer.blobs])
            tops.update(zip(top, results))
            loss = loss + sum(weight * result.sum() for weight, result in zip(layer.loss_weights, results) if weight)
        return loss

    def parameters(self) -> list[np.ndarray]:
        """The parameters' values, in the net's order."""
        return [values.numpy().copy() for values in self._values.values()]


def distance(values: list, exact: list[np.ndarray]) -> float:
    """The largest difference between two lists of arrays, each as a part of the largest value of its exact array."""
    return max(float(np.abs(np.asarray(found, np.float64).reshape(wanted.shape) - wanted).max() / np.abs(wanted).max())
               for found, wanted in zip(values, exact))
