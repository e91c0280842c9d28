"""A model as a file, which comes to its place once onnxruntime has run it and given what the engine gives."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import onnx
import onnxruntime

from ... import files
from ...errors import RunError
from .. import proof
from ..deploy import Deployed
from . import model as models
from .convert import DYNAMIC, Options, export

LEAST_MEGABYTES = 10 ** 6
ERRORS_ALONE = 3        # of onnxruntime's levels of log
DATA = ".data"          # the end of the name of a large model's second file, with its weights


def write(deployed: Deployed, out: str | os.PathLike, options: Options, tell: Callable[[str], None] = print,
          arrays: proof.Arrays | None = None, check: bool = True) -> onnx.ModelProto:
    """Export the deploy form to the file `out`, and return the model.

    Unless `check` is False, the file is run by onnxruntime first, and `tell` is told how its outputs differ from the
    engine's: on made inputs, at the batches 1 and 3 where the model takes any, or on `arrays` by the inputs' names.
    The weights of a model of more than 2 GiB go to a second file, `out`.data. Raises InputError as `to_onnx` does, and
    RunError if the outputs differ; then no file is left.
    """
    with files.together() as batch:
        with batch.writing(out) as part:
            model = export(deployed, options)
            data = part.with_name(part.name + DATA)
            save(model, part, data.name)
        if check:
            prove(deployed, part, options, arrays).settle(out, tell)
        if data.exists():
            os.replace(data, batch.part(os.fspath(out) + DATA))
    return model


def save(model: onnx.ModelProto, path: Path, data: str) -> None:
    """Write the model to `path`, and the weights of a large one to the file `data` beside it."""
    if models.is_large(model):
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        onnx.save_model(copy, str(path), save_as_external_data=True, location=data)
        models.check(str(path))
    else:
        path.write_bytes(model.SerializeToString())


def prove(deployed: Deployed, path: Path, options: Options, arrays: proof.Arrays | None = None) -> proof.Proof:
    """Hold what onnxruntime gives for the model in the file against the engine."""
    if arrays is not None and options.batch != DYNAMIC:
        proof.require_batch(deployed, arrays)
    session = _session(path)

    def run(inputs: proof.Arrays) -> proof.Arrays:
        names = [one.name for one in session.get_outputs()]
        try:        # a blob that is written over an input has another name there
            return dict(zip(deployed.outputs, session.run(names, inputs)))
        except Exception as error:      # its errors have no class in common
            raise _refusal(error) from error
    tolerance = proof.HALF_TOLERANCE if options.fp16 else proof.TOLERANCE
    pixels = options.pixels
    return proof.prove(deployed, run, f"onnxruntime {onnxruntime.__version__}",
                       batches=proof.DYNAMIC_BATCHES if options.batch == DYNAMIC else (), given=arrays,
                       pixels=pixels.inputs if pixels else (), prepare=pixels.prepare if pixels else dict,
                       tolerance=tolerance)


def _session(path: Path) -> onnxruntime.InferenceSession:
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = ERRORS_ALONE
    try:
        return onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
    except Exception as error:          # its errors have no class in common
        raise _refusal(error) from error


def _refusal(error: Exception) -> RunError:
    said = " ".join(str(error).split())
    return RunError(f"onnxruntime {onnxruntime.__version__} does not run the exported net ({said}); if it does not "
                    "know the operator set, give an older one (--opset 17), and --check off writes the file unchecked.")


def summary(model: onnx.ModelProto) -> str:
    """Inputs, outputs, operators and size of a model, in a line."""
    ends = [", ".join(f"{one.name} {_shape(one)}" for one in group)
            for group in (model.graph.input, model.graph.output)]
    size = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
    return (f"{' and '.join(ends[:1])} to {ends[1]}; operator set {model.opset_import[0].version}, "
            f"{len(model.graph.node)} operators, {_bytes(size)} of weights")


def _shape(info) -> str:
    if not info.type.tensor_type.HasField("shape"):
        return "of a shape that is known when it runs"
    lengths = info.type.tensor_type.shape.dim
    return "x".join(dim.dim_param or (str(dim.dim_value) if dim.HasField("dim_value") else "?") for dim in lengths) \
        or "scalar"


def _bytes(size: int) -> str:
    """In MB, of a small net in kB."""
    return f"{size / 1e6:.1f} MB" if size >= LEAST_MEGABYTES else f"{size / 1e3:.1f} kB"
