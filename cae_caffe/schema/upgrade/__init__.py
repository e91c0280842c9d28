"""Nets and solvers in older forms, made into today's as Caffe's upgrade_proto.cpp does it, in its order.

V0 (2013) becomes V1 (2014-2015), V1 becomes today's `layer`; what later versions moved is moved on the way.
"""

from .inner_products import restore_four_axes
from .net import upgrade_net
from .solver import fill_snapshot_prefix, upgrade_solver

__all__ = ["fill_snapshot_prefix", "restore_four_axes", "upgrade_net", "upgrade_solver"]
