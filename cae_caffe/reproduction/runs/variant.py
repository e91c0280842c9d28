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
