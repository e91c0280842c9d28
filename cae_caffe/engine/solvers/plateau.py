"""The learning rate policy `plateau` of SSD's fork: the rate steps down when the loss has not fallen for a while."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import log

POLICY = "plateau"


@dataclass
class Plateau:
    """The least loss so far, and the iteration when it was reached, or when the rate stepped down if that was later
    (SGDSolver::GetLearningRate of weiliu89/caffe, branch ssd).
    """

    minimum_loss: float = float(np.finfo(np.float32).max)
    last_event: int = 0

    def step_at(self, param, iteration: int, step: int, loss: float) -> int:
        """How often the rate has stepped down when the smoothed loss of `iteration` is `loss`; `step` times before.

        It does so when so many iterations as the next `plateau_winsize` says have passed since the last event.
        """
        loss = float(np.float32(loss))
        if loss < self.minimum_loss:
            self.minimum_loss, self.last_event = loss, iteration
        if step < len(param.plateau_winsize) and iteration >= self.last_event + param.plateau_winsize[step]:
            step, self.last_event = step + 1, iteration
            log.info("sgd_solver.cpp:76", f"Plateau Status: Iteration {iteration}, step = {step}")
        if param.display and iteration % param.display == 0 and self.last_event > iteration - param.display:
            log.info("sgd_solver.cpp:83", f"Plateau Status: Iteration {iteration}, current minimum_loss = "
                                          f"{log.number(self.minimum_loss)}")
        return step
