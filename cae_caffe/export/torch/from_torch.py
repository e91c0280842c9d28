"""`from_torch`: trained tensors of a PyTorch module become the parameters of a net again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import InputError
from ...pycaffe.net import Net
from ..deploy import Deployed, deploy
from . import graph
from .given import GivenTensors, tensors_of
from .transfer import NAMES, ORDER, Transfer, numbers_lost


@dataclass(frozen=True)
class Brought:
    """What `from_torch` did, readable as text.

    `by` is "names" or "order". `taken` has the names of the tensors that became parameters, with the parameters; `left`
    the names of those that did not, `missing` the parameters that got no values. `remarks` are sentences.
    """

    by: str
    taken: Mapping[str, str]
    left: Sequence[str]
    missing: Sequence[str]
    remarks: Sequence[str]

    def __str__(self) -> str:
        number = len(self.taken)
        lines = [f"{number} tensor{'s' * (number != 1)} brought back by {self.by}."]
        lines += [f"{title}: {', '.join(names)}." for title, names in
                  (("Left", self.left), ("Missing", self.missing)) if names]
        return "\n".join([*lines, *self.remarks])


def from_torch(given: GivenTensors, net: Net, by: str = NAMES, strict: bool = True,
               blobs: Sequence[str] = ()) -> Brought:
    """Give `net`, a net of the embedded engine, the parameters of a PyTorch module; `net.save` writes them.

    `given` is an nn.Module, its state_dict, or a path of one: a .safetensors, or a file of torch.save, of which tensors
    alone are read. `by` "names" finds them by the names that `to_torch(net, blobs)` gives, also behind what all of them
    begin with (`module.`). By "order" the floating-point tensors in their order are the parameters in theirs: shapes
    are the same but for lengths of 1, and an nn.BatchNorm2d is a BatchNorm and a Scale. If not one name fits, it is by
    order, and the result says so. Order does not tell apart what has one shape: compare outputs then.

    Numbers become float32. BatchNorm keeps the sums and the factor that the module was made with, unless its averages
    have changed since: then it gets these, and a factor of 1.

    Raises InputError that lists whatever does not fit; then nothing is changed. With `strict` False, what fits is
    taken, and the result lists the rest.
    """
    if by not in (NAMES, ORDER):
        raise InputError(f"`by` is {by!r}; it must be \"{NAMES}\" or \"{ORDER}\".")
    state = tensors_of(given)
    deployed = deploy(net, blobs)
    transfer = Transfer(graph.write(deployed).builder, state, by)
    transfer.match()
    transfer.collect()
    if strict and transfer.problems:
        remedy = f" by=\"{ORDER}\" (--by {ORDER}) would take them by order and shape." if transfer.by == NAMES else ""
        raise InputError(f"{deployed.file}: {state.name} does not fit the net by {transfer.by}, and nothing is changed."
                         f"{remedy}", *transfer.remarks, *transfer.problems)
    return _put(transfer, deployed, net)


def _put(transfer: Transfer, deployed: Deployed, net: Net) -> Brought:
    """Give the net the values."""
    known = set()
    for weight in [*transfer.values, *transfer.missing]:
        original = deployed.originals[weight.node].weights[weight.index]
        original = original.owner or original
        known.add((original.node, original.index))
        if weight in transfer.values:
            original.array[...] = transfer.values[weight]
    others = [repr(weight) for node in net.graph.nodes for weight in node.weights
              if weight.owner is None and (weight.node, weight.index) not in known]
    remarks = list(transfer.remarks)
    if others:
        remarks.append(f"As they were, for the net's own module has them not: {', '.join(others)}.")
    remarks += numbers_lost(transfer)
    missing = [repr(weight) for weight in dict.fromkeys(transfer.missing) if weight not in transfer.values]
    return Brought(transfer.by, transfer.taken, transfer.left(), missing, remarks)
