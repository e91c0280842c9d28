"""Python names for what has names in Caffe: layers become attributes, blobs local variables, the net a class."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Iterable

from torch import nn

# What a module has already, and what the source of a module uses.
ATTRIBUTES = frozenset(dir(nn.Module()))
VARIABLES = frozenset({"self", "torch", "nn", "F", "math", "itertools"})
CLASSES = frozenset({"F", "Path", *dir(builtins)})
AMBIGUOUS = {"l", "I", "O"}     # which look like digits, and which checkers of source complain of
# What `import torch` and safetensors would find in a file's place: what they import, too.
FILES = frozenset({"torch", "safetensors", "numpy", "typing_extensions", "sympy", "mpmath", "networkx", "jinja2",
                   "markupsafe", "fsspec", "filelock", "packaging", "triton", "functorch", "torchgen", "setuptools",
                   *sys.builtin_module_names, *sys.stdlib_module_names})
LONGEST = 100       # letters of a file's name, which most systems limit to 255 with its ending


def identifier(name: str, kind: str) -> str:
    """`name` as an identifier in ASCII: `inception_3a/1x1` becomes inception_3a_1x1.

    What is no letter or digit becomes one `_`, or nothing at the ends; before a digit comes `kind`, which is also the
    name of what has no letter; a keyword, and what looks like a digit (`l`), get a `_` behind them.
    """
    found = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_") or kind
    if found[0].isdigit():
        found = f"{kind}_{found}"
    return f"{found}_" if keyword.iskeyword(found) or found in AMBIGUOUS else found


def class_name(name: str) -> str:
    """The name of a net's class: `lenet-ip2` becomes LenetIp2."""
    words = re.findall(r"[A-Za-z0-9]+", name)
    return identifier("".join(word[0].upper() + word[1:] for word in words), "Net")


def file_stem(name: str) -> str:
    """The name of a net's file without its ending: an identifier, and no module that PyTorch would import instead."""
    found = identifier(name[:LONGEST], "net")
    return f"{found}_net" if found in FILES else found


class Names:
    """Names given so far; `taken` are those that nothing gets."""

    def __init__(self, taken: Iterable[str]):
        self._taken = set(taken)

    def unused(self, name: str, kind: str) -> str:
        """The identifier of `name`, or where that is taken, with a number; taken from now on."""
        stem = found = identifier(name, kind)
        number = 1
        while found in self._taken:
            number += 1
            found = f"{stem}_{number}"
        self._taken.add(found)
        return found
