"""How many processor threads a net runs on, and how they wait for each other.

A step of a small net is a hundred short kernels. Threads that wait actively (spinning) between them gain a third on
free cores, but where another process takes one of the cores they lose it tenfold, for they spin while the thread they
wait for is not running. So, unless told otherwise (`--threads`, OMP_NUM_THREADS, OMP_WAIT_POLICY), threads wait
passively (cae_caffe/wait_policy.py), and a net of small kernels, which passive threads do not speed up, runs on one.
"""

from __future__ import annotations

import os

import torch

MOST = 4
# Forward floating-point operations a layer with weights, on average, from which threads pay even if they wait
# passively. CAE Model 1 has 12 million and gains nothing, Model 2 has 40 million and gains a third (2 cores, batch 100).
ENOUGH_WORK = 30e6


def choose(net) -> int:
    """The number of threads for `net`, whose layers are set up: 1, or as many as there are cores, up to 4."""
    work = [layer.operations(bottom, top) for layer, bottom, top in zip(net.layers, net.bottoms, net.tops)
            if layer.blobs]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST) if work and sum(work) / len(work) >= ENOUGH_WORK else 1


def apply(net) -> None:
    """Set PyTorch's number of threads for `net`, unless the environment says it."""
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(choose(net))
