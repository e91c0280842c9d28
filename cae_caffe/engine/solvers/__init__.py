"""Solvers: the loop of training, and the update rules by Caffe's names for them."""

from . import sgd
from .solver import Solver

__all__ = ["Solver", "sgd"]
