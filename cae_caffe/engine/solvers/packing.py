"""The learnable parameters packed into flat tensors, so that an update is one pass over memory.

Parameters with the same learning rate and decay factors lie one after the other in a group's `data` and `diff`, and
so do the histories that a solver keeps of them. The blobs go on looking at their own parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..parameters import Parameter

# So many values of each of the three or four tensors of an update stay in a core's cache together.
CHUNK = 1 << 16


@dataclass
class Group:
    """Parameters that share `lr_mult` and `decay_mult`; `data` and `diff` hold theirs, flat, in order."""

    lr_mult: float
    decay_mult: float
    parameters: list[Parameter]
    data: torch.Tensor
    diff: torch.Tensor

    def like(self) -> torch.Tensor:
        """A new flat tensor of zeros, to keep something of each value in."""
        return torch.zeros_like(self.data)

    def parts(self, flat: torch.Tensor) -> list[torch.Tensor]:
        """The parts of such a flat tensor, in the parameters' shapes."""
        counts = [parameter.blob.count for parameter in self.parameters]
        return [part.view(parameter.blob.shape) for part, parameter in zip(flat.split(counts), self.parameters)]

    def move(self, data: torch.Tensor, diff: torch.Tensor) -> None:
        """Move the values into the given flat tensors, which stay in use from now on."""
        counts = [parameter.blob.count for parameter in self.parameters]
        for parameter, data_part, diff_part in zip(self.parameters, data.split(counts), diff.split(counts)):
            parameter.blob.place(data_part, diff_part)
        self.data, self.diff = data, diff

    def settle(self) -> None:
        """Bring data and diff up to date: what a user wrote, and zeros for cleared diffs that no layer wrote."""
        for parameter in self.parameters:
            for memory in (parameter.blob.data_memory, parameter.blob.diff_memory):
                if memory.unsettled:
                    memory.settle()


def pack(parameters: list[Parameter]) -> list[Group]:
    """Move the values of `parameters` into groups; the blobs then look at their parts of them."""
    sorted_out: dict[tuple[float, float], list[Parameter]] = {}
    for parameter in parameters:
        sorted_out.setdefault((parameter.lr_mult, parameter.decay_mult), []).append(parameter)
    return [_group(lr, decay, members) for (lr, decay), members in sorted_out.items()]


def _group(lr_mult: float, decay_mult: float, members: list[Parameter]) -> Group:
    count, device = sum(parameter.blob.count for parameter in members), members[0].blob.data.device
    group = Group(lr_mult, decay_mult, members, torch.empty(0), torch.empty(0))
    group.move(torch.zeros(count, device=device), torch.zeros(count, device=device))
    return group


def stack(runs: list[list[Group]]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Move the groups of several runs of one architecture into common tensors, of a row for each run.

    Returns data and diff of each group, (runs, values); the runs' own groups and blobs look at their rows.
    """
    stacks = []
    for groups in zip(*runs):
        data = torch.stack([group.data for group in groups])
        diff = torch.zeros_like(data)
        for group, data_row, diff_row in zip(groups, data, diff):
            group.move(data_row, diff_row)
        stacks.append((data, diff))
    return stacks
