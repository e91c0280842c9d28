"""A small named change of a model's emitted files: what an open question sets beside the paper's own reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Variant:
    """A change of a NetParameter, of a SolverParameter, or of both; `name` goes into folders, `what` is for readers.

    `net` and `solver` take a message and return a changed copy, and leave their argument alone. `net` is given the net
    to train and the one to deploy, so it changes what it finds and passes over what is not there. None changes nothing.
    """

    name: str
    what: str
    net: Callable | None = None
    solver: Callable | None = None

    def changed_net(self, net):
        """The variant's net: a changed copy of `net`, a NetParameter."""
        return self.net(net) if self.net else net

    def changed_solver(self, solver):
        """The variant's solver: a changed copy of `solver`, a SolverParameter."""
        return self.solver(solver) if self.solver else solver


def copied(message):
    """A copy of a protobuf message, to be changed."""
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def tested_every(iterations: int) -> Variant:
    """Tests on the test images alone, every so many iterations; the training is the same."""
    def solver(message):
        changed = copied(message)
        changed.test_interval = iterations
        changed.test_iter[:] = changed.test_iter[-1:]
        kept = copied(changed.test_state[-1])
        del changed.test_state[:]
        changed.test_state.add().CopyFrom(kept)
        return changed
    return Variant(f"tested{iterations}", f"tested every {iterations} iterations", solver=solver)


EVERY_THOUSAND = tested_every(1000)     # as often as the paper shows its training losses
