"""A net as two files, Python and weights, which come to their places once they have given what the engine gives."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn

from ... import files
from ...errors import InputError, RunError
from ...pycaffe.net import Net
from .. import needs, proof
from ..deploy import Deployed, deploy
from .convert import module_of
from .source import Source, source

LENGTH = 8      # bytes at the beginning of a .safetensors: the length of the header behind them


def export_torch(net: Net, folder: str | os.PathLike, blobs: Sequence[str] = ()) -> tuple[Path, Path]:
    """Write the module of `to_torch` into `folder`: NET.py, its source, and NET.safetensors, its weights.

    NET is the net's name. The Python file needs PyTorch alone; its function `load` makes the module and reads the
    weights beside it, with the package safetensors. Returns both paths. Raises InputError as `to_torch` does, and
    RunError without the package safetensors; then there are no files.
    """
    return write(deploy(net, blobs), folder, check=False)


def write(deployed: Deployed, folder: str | os.PathLike, tell: Callable[[str], None] = print,
          arrays: proof.Arrays | None = None, check: bool = True) -> tuple[Path, Path]:
    """As `export_torch`, of a deploy form.

    Unless `check` is False, the file is imported and its module run first, and `tell` is told how its outputs differ
    from the engine's: on made inputs, at the batches 1 and 3 if the net can have them, or on `arrays` by the inputs'
    names. Raises RunError if the outputs differ; then no file is left.
    """
    needs.require_safetensors()
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise InputError(f"{os.fspath(folder)}: this is no folder, and two files are to be written into one; name a "
                         "folder, which is made if it is not there.")
    found = source(deployed)
    places = Path(folder, f"{found.stem}.py"), Path(folder, f"{found.stem}.safetensors")
    with files.together() as batch:
        with batch.writing(places[0]) as code:
            code.write_text(found.text, encoding="utf-8")
        with batch.writing(places[1]) as weights:
            _save(module_of(deployed, found), weights, code, deployed)
        if check:
            _prove(deployed, found, code, weights, arrays).settle(places[0], tell)
    return places


def _save(module: nn.Module, path: Path, code: Path, deployed: Deployed) -> None:
    """Write the module's tensors, one that has several names under the first; `code` is the other file.

    The package makes the bytes and Python writes them, for Python tells what fails as an OSError.
    """
    from safetensors.torch import save

    kept: dict[str, torch.Tensor] = {}
    for tensor_name, tensor in module.state_dict().items():
        if not any(tensor.is_set_to(other) for other in kept.values()):
            kept[tensor_name] = tensor
    metadata = {"format": "pt", "caffe.net": deployed.net.name, "caffe.prototxt": deployed.file_name}
    contents = memoryview(save(kept, metadata))
    length = int.from_bytes(contents[:LENGTH], "little")
    with open(path, "wb") as file:
        file.write(contents[:LENGTH])
        file.write(_sorted(contents[LENGTH:LENGTH + length]))
        file.write(contents[LENGTH + length:])
    shutil.copymode(code, path)     # it lets nobody else read the file


def _sorted(header: memoryview) -> bytes:
    """The header of a .safetensors, JSON, with its metadata in one order; the package's is another one each time."""
    found = json.loads(bytes(header))
    found["__metadata__"] = dict(sorted(found["__metadata__"].items()))
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode().ljust(len(header))


def _prove(deployed: Deployed, found: Source, code: Path, weights: Path, arrays: proof.Arrays | None) -> proof.Proof:
    """Hold what the files give against the engine."""
    spec = importlib.util.spec_from_file_location(found.stem, code)
    if spec is None or spec.loader is None:
        raise RunError(f"{code.name} cannot be imported; this is a fault of cae-caffe: please report it with the net.")
    namespace = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(namespace)
    module = namespace.load(weights)

    def run(inputs: proof.Arrays) -> proof.Arrays:
        with torch.no_grad():
            tops = module(*(torch.from_numpy(inputs[name]) for name in deployed.net.inputs))
        tops = tops if isinstance(tops, tuple) else (tops,)
        return {name: top.detach().numpy() for name, top in zip(deployed.outputs, tops)}    # one may be a parameter

    return proof.prove(deployed, run, f"PyTorch {torch.__version__}", batches=_batches(deployed), given=arrays)


def _batches(deployed: Deployed) -> Sequence[int]:
    """The batches at which the net can be run; none if it can at its own alone, which it has then."""
    shapes = deployed.shapes()
    try:
        for number in proof.DYNAMIC_BATCHES if shapes else ():
            deployed.set_batch(number)
    except InputError:
        for name, shape in shapes.items():
            deployed.net.blobs[name].reshape(*shape)
        deployed.net.reshape()
        return ()
    return proof.DYNAMIC_BATCHES if shapes else ()
