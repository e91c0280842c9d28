"""What a net has by name: pycaffe's ordered dictionaries, which say what is there where a name is not."""

from __future__ import annotations

from collections import OrderedDict

from ..spelling import in_brackets
from .errors import WrongNameError

MOST = 40       # names that an error lists


class Named(OrderedDict):
    """An OrderedDict of a net's blobs, layers or parameters; a name that it has not is a WrongNameError, a KeyError."""

    net = what = ""     # the net's name, and what is named, for the error

    def __missing__(self, name):
        names = list(map(str, self))
        more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        raise WrongNameError(f"The net `{self.net}` has no {self.what} `{name}`{in_brackets(str(name), names)}; it has "
                             f"{', '.join(names[:MOST]) or 'none'}{more}.")


def named(net: str, what: str, pairs) -> Named:
    """The pairs of names and things of the net called `net`."""
    result = Named(pairs)
    result.net, result.what = net, what
    return result
