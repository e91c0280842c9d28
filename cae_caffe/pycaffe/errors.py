"""Mistakes in calls for which pycaffe has an exception of its own: ours is that too, so that scripts can catch it."""

from __future__ import annotations

from ..errors import InputError


class WrongValueError(InputError, ValueError):
    """An array of the wrong shape, or the name of a layer that the net has not."""


class WrongNameError(InputError, KeyError):
    """The name of a blob that the net has not."""

    __str__ = InputError.__str__        # KeyError shows its message in quotes
