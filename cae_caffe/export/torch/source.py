"""The text of the Python file that a written module becomes; it runs without this package."""

from __future__ import annotations

import ast
import inspect
import os
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...version import VERSION
from ..deploy import Deployed
from ..open_lengths import Lengths, OpenLengths
from . import graph
from .builder import Tensor
from .folding import WIDTH, folded
from .names import CLASSES, Names, class_name, file_stem

_FILE = '''\
"""{title}

{account}
"""

from __future__ import annotations

{imports}


{classes}


def load(path=None):
    """The net in eval mode, with the weights of the file at `path`, by default the one beside this file."""
    from safetensors.torch import load_model

    net = {name}()
    load_model(net, str(path or Path(__file__).with_suffix(".safetensors")))
    return net.eval()
'''

_CLASS = '''\
class {name}(nn.Module):
    """{title} The shapes here are the prototxt's; the batch may be any.

{ends}
    """

{methods}'''

PREPROCESSING = ("What came before the net's first layer is not in it: mean, scale, order of the colour channels and "
                 "cropping, which a data layer's `transform_param` or a transformer said.")


@dataclass(frozen=True)
class Source:
    """The `text` of the file, its name without the ending (`stem`), its class `name`, and the `tensors` for it."""

    text: str
    stem: str
    name: str
    tensors: dict[str, Tensor]


def source(deployed: Deployed) -> Source:
    """The deploy form as Python source. Raises InputError as graph.write does."""
    written = graph.write(deployed)
    builder = written.builder
    title = deployed.net.name or os.path.splitext(os.path.basename(deployed.file))[0]
    name = Names({*CLASSES, *builder.helpers}).unused(class_name(title), "Net")
    own = _CLASS.format(
        name=name, title=f"The net `{_quoted(title)}`.", ends=_ends(deployed, written),
        methods="\n\n".join(_methods(written)))
    helpers = [textwrap.dedent(inspect.getsource(helper)).rstrip() for helper in builder.helpers.values()]
    classes = "\n\n\n".join([*helpers, own])
    text = _FILE.format(title=f"The net `{_quoted(title)}`, a PyTorch module.", account=_account(deployed),
                        imports=_imports(classes), classes=classes, name=name)
    return Source(text, file_stem(title), name, builder.tensors)


def _imports(classes: str) -> str:
    """The imports that the classes need, besides those of load."""
    used = {node.id for node in ast.walk(ast.parse(classes)) if isinstance(node, ast.Name)}
    standard = [f"import {name}" for name in ("itertools", "math") if name in used]
    lines = [*standard, "from pathlib import Path", ""]
    lines += ["import torch"] if "torch" in used else []
    lines += ["import torch.nn.functional as F"] if "F" in used else []
    return "\n".join([*lines, "from torch import nn"])


def _account(deployed: Deployed) -> str:
    """Where the file comes from."""
    return textwrap.fill(f"Written by cae-caffe {VERSION} from {_quoted(os.path.basename(deployed.file))}. It needs "
                         f"PyTorch alone; load() needs safetensors too. {PREPROCESSING}", WIDTH)


def _ends(deployed: Deployed, written: graph.WrittenModule) -> str:
    """What goes into the class's forward, and what comes out."""
    net = deployed.graph
    finals, lengths = net.finals, OpenLengths(net)
    inputs = [_end(name, variable, deployed.shapes()[name]) for name, variable in written.inputs.items()]
    outputs = [_end(name, variable, lengths.of(finals[name])) for name, variable in written.outputs.items()]
    lines = ["Inputs:", *inputs] if inputs else ["It has no inputs."]
    lines += ["Output:" if len(outputs) == 1 else "Outputs, in a tuple:", *outputs]
    return "\n".join(f"    {line}" for line in lines)


def _end(name: str, variable: str, shape: Lengths) -> str:
    blob = "" if name == variable else f", the blob `{_quoted(name)}`"
    mark = "?" if shape.count(None) > 1 else "K"
    lengths = ", ".join(mark if length is None else str(length) for length in shape)
    rows = ", with as many rows as are found" if None in shape else ""
    return f"    {variable}: ({lengths}){rows}{blob}"


def _quoted(text: str) -> str:
    """Text of a user's as it may stand in a docstring."""
    printable = "".join(character if character.isprintable() else "?" for character in text)
    return printable.replace("\\", "/").replace('"', "'")


def _methods(written: graph.WrittenModule) -> Iterator[str]:
    """`__init__`, if there is anything to make, and `forward`."""
    init = written.builder.init
    if init:
        yield f"    def __init__(self):\n{_indented(['super().__init__()', *init])}"
    arguments, results = (", ".join(names) for names in (["self", *written.inputs.values()], written.outputs.values()))
    head = folded(f"def forward({arguments}):", 4)
    yield f"{head}\n{_indented([*written.builder.forward, f'return {results}'])}"


def _indented(lines: Iterable[str]) -> str:
    return "\n".join(folded(line, 8) for line in lines)
