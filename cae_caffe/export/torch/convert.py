"""`to_torch`: a net as a PyTorch module, made by running the very source that a file would hold."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from importlib.abc import ExecutionLoader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from types import ModuleType

import torch
from torch import nn

from ...pycaffe.net import Net
from ..deploy import Deployed, deploy
from .source import Source, source


def to_torch(net: Net, blobs: Sequence[str] = ()) -> nn.Module:
    """The PyTorch module of `net`, a net of the embedded engine with its parameters; in eval mode.

    Its forward takes the net's inputs, or its data layers' tops, in their order, float32 tensors of any batch, and
    returns the net's output, or a tuple of its outputs, or the `blobs` named. Parameters are named after the layers:
    `conv1.weight`, `conv1.bias`. In train mode Dropout drops, and BatchNorm takes the batch's statistics. `inspect`
    shows its source, which export_torch writes into a file.

    Raises InputError for a net that cannot be exported, naming all layers that cannot, with the reason.
    """
    return module_of(deploy(net, blobs))


def module_of(deployed: Deployed, found: Source | None = None) -> nn.Module:
    """As `to_torch`, of a deploy form, whose source may be there already."""
    found = found or source(deployed)
    # Its first values are drawn, and overwritten. The caller's modes are not for it, which may be trained on elsewhere.
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.device("cpu"):
        module = getattr(_run(found), found.name)().float()
    fill(module, found)
    return module.eval()


def fill(module: nn.Module, found: Source) -> None:
    """Give the module, which was made by the source, the source's tensors."""
    own = {**dict(module.named_parameters(remove_duplicate=False)), **dict(module.named_buffers())}
    with torch.no_grad():
        for name, tensor in found.tensors.items():
            own[name].copy_(torch.from_numpy(tensor.values).view(own[name].shape))


def _run(found: Source) -> ModuleType:
    """The source as a Python module, which inspect, tracebacks, copy and pickle find as if it had been imported."""
    digest = hashlib.sha256(found.text.encode()).hexdigest()[:12]
    name = f"cae_caffe_exported_{found.stem}_{digest}"
    if name not in sys.modules:
        loader = _Text(found.text)
        spec = ModuleSpec(name, loader, origin=loader.get_filename(name))
        spec.has_location = True
        module = module_from_spec(spec)
        loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]


class _Text(ExecutionLoader):
    """Loads one module, of which there is the text and no file."""

    def __init__(self, text: str):
        self._text = text

    def get_source(self, fullname: str) -> str:
        return self._text

    def get_filename(self, fullname: str) -> str:
        return f"<{fullname}>.py"       # linecache asks no loader for what ends in ">"
