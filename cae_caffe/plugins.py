"""What other packages add to Caffe's messages and layers, found by their entry points.

A package names it in its pyproject.toml, in two groups:

    [project.entry-points."cae_caffe.schema"]       # modules that call cae_caffe.schema.extend or register_layer;
    flip = "flip_layer"                             # imported before the first of Caffe's messages is made

    [project.entry-points."cae_caffe.layers"]       # layer types, and the modules that register them;
    Flip = "flip_layer"                             # each imported when a net is met that has the type

A module that cannot be imported breaks nothing but what needs it, and is named there.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import Any, NamedTuple

from .errors import InputError

SCHEMA_GROUP = "cae_caffe.schema"
LAYER_GROUP = "cae_caffe.layers"
_OURS = "[cae_caffe."       # how the heading of either group begins in an entry_points.txt


class Plugin(NamedTuple):
    """An entry point, and the name and version of the distribution that has it."""

    group: str
    name: str
    distribution: str
    entry_point: Any        # its class differs between Pythons

    def load(self) -> None:
        """Import the module. Raises InputError, naming the distribution, if that fails."""
        try:
            self.entry_point.load()
        except Exception as error:      # whatever the code of others raises
            reason = str(error).replace("\n", " ").rstrip(".")
            raise InputError(f"The package {self.distribution} cannot be loaded for its `{self.name}` "
                             f"({type(error).__name__}: {reason}); mend it, install what it lacks, or uninstall "
                             "it.") from error


@functools.cache
def _found() -> tuple[Plugin, ...]:
    """The entry points of both groups, of a distribution that is on the path twice those of the first."""
    if not _any_on_path():
        return ()
    from importlib import metadata  # takes longer to import than to use

    plugins: dict[str, list[Plugin]] = {}
    for distribution in metadata.distributions():
        if _OURS not in (distribution.read_text("entry_points.txt") or ""):
            continue
        name = distribution.metadata["Name"]
        if name not in plugins:
            label = f"{name} {distribution.version}"
            plugins[name] = [Plugin(point.group, point.name, label, point) for point in distribution.entry_points
                             if point.group in (SCHEMA_GROUP, LAYER_GROUP)]
    return tuple(plugin for found in plugins.values() for plugin in found)


def _any_on_path() -> bool:
    """Whether any installed package has an entry point for this one: a look at files, far quicker than the question."""
    return any(_OURS.encode() in _content(os.path.join(folder, name, "entry_points.txt"))
               for folder in sys.path if os.path.isdir(folder or os.curdir)
               for name in os.listdir(folder or os.curdir) if name.endswith((".dist-info", ".egg-info")))


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:         # most packages have no such file
        return b""


def layer_types() -> list[str]:
    """The layer types that installed packages say they have, sorted. None of them is imported."""
    return sorted({plugin.name for plugin in _found() if plugin.group == LAYER_GROUP})


def load_layer(type_name: str) -> list[str]:
    """Import what registers the layer type `type_name`, and return what has it: one installed package, or none.

    Raises InputError, naming the distributions, if it cannot be imported, or if several have the type.
    """
    plugins = [plugin for plugin in _found() if (plugin.group, plugin.name) == (LAYER_GROUP, type_name)]
    if len(plugins) > 1:
        names = " and ".join(plugin.distribution for plugin in plugins)
        raise InputError(f"The layer type `{type_name}` is in the packages {names}; uninstall all but one of them.")
    for plugin in plugins:
        plugin.load()
    return [plugin.distribution for plugin in plugins]


_broken: list[str] = []


def load_schema() -> None:
    """Import what adds to Caffe's messages; what fails is kept for `broken_schemas`."""
    for plugin in _found():
        if plugin.group == SCHEMA_GROUP:
            try:
                plugin.load()
            except InputError as error:
                _broken.append(str(error))


def broken_schemas() -> str:
    """The tail of a sentence on a name that is not in the schema: the packages that could not add to it."""
    return "".join(f"; t{sentence[1:-1]}" for sentence in _broken)
