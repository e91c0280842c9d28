"""Solvers: the loop of training, and the update rules by Caffe's names for them."""

# A rule registers itself when its module is imported; a new one is one more line here.
from . import adadelta as adadelta
from . import adagrad as adagrad
from . import adam as adam
from . import nesterov as nesterov
from . import rmsprop as rmsprop
from . import sgd as sgd
from .solver import Solver

__all__ = ["Solver"]
