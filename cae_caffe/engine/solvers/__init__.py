"""Solvers: the loop of training, and the update rules by Caffe's names for them."""

from . import adadelta, adagrad, adam, nesterov, rmsprop, sgd
from .solver import Solver

__all__ = ["Solver", "adadelta", "adagrad", "adam", "nesterov", "rmsprop", "sgd"]
