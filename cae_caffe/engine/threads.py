"""How many processor threads a net runs on, and how they wait for each other.

A step of a small net is a hundred short kernels. Threads that wait actively (spinning) between them gain a quarter on
free cores, but where another process takes one of the cores they lose it tenfold, for they spin while the thread they
wait for is not running. So, unless told otherwise (`--threads`, OMP_NUM_THREADS, OMP_WAIT_POLICY), threads wait
passively (cae_caffe/wait_policy.py), and all but nets of much work run on one: Linux wakes a passive thread on the core
of the thread that wakes it more often than not, where the two take turns.

A process that is forked off this one runs on one thread, whatever its parent or the environment says.
"""

from __future__ import annotations

import os

import torch

MOST = 4
_forked = False
# Forward floating-point operations a layer with weights, on average, from which threads pay even if they wait
# passively. On 2 idle cores the second thread makes CAE Model 2 (40 million) a quarter slower and LeNet (73 million) a
# sixth, the classic net (71 million) 6 % faster, which is within the spread, and CIFAR-10 quick (494 million) 1.3
# times as fast.
ENOUGH_WORK = 100e6


def choose(net) -> int:
    """The number of threads for `net`, whose layers are set up: 1, or as many as there are cores, up to 4."""
    work = [layer.operations(bottom, top) for layer, bottom, top in zip(net.layers, net.bottoms, net.tops)
            if layer.blobs]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST) if work and sum(work) / len(work) >= ENOUGH_WORK else 1


def apply(net) -> None:
    """Set PyTorch's number of threads for `net`, unless the environment says it."""
    if "OMP_NUM_THREADS" not in os.environ and not _forked:
        torch.set_num_threads(choose(net))


def _begin_after_fork() -> None:
    """A forked process has none of its parent's threads, for which OpenMP waits for ever, as if they were there."""
    global _forked
    _forked = True
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_after_fork)
