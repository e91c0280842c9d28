"""The mistakes that a net written in Python can have. Each is also the exception that Caffe's net_spec raises."""

from __future__ import annotations

from ..errors import InputError


class UnknownNameError(InputError, AttributeError):
    """A layer type, parameter or constant that is not there."""


class UnknownTopError(UnknownNameError, KeyError):
    """A top that the net has not."""

    __str__ = InputError.__str__        # KeyError shows its message in quotes


class WrongValueError(InputError, TypeError):
    """A value of the wrong kind."""
