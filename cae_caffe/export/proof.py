"""Whether what a net became gives what the net gives: both are run on the same inputs, and each output is compared."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..errors import InputError, RunError
from ..printing import shown
from ..spelling import in_brackets
from . import made_inputs
from .deploy import Deployed
from .open_lengths import OpenLengths

Arrays = dict[str, np.ndarray]
Run = Callable[[Arrays], Mapping[str, np.ndarray]]
Prepare = Callable[[Arrays], Arrays]

TOLERANCE = 1e-5            # of an output's largest value: float32 sums in another order
HALF_TOLERANCE = 1e-2       # in float16, which holds 11 bits of a number, layer after layer
DYNAMIC_BATCHES = (1, 3)    # at which a net for any batch is run: 1, which operators stretch, and another


@dataclass(frozen=True)
class Comparison:
    """One output of one run: its name, the engine's shape and largest magnitude, and the largest difference from it.

    `fault` says in words what numbers do not tell: another shape, no finite value, infinities at other places.
    """

    name: str
    shape: tuple[int, ...]
    largest: float
    difference: float
    fault: str = ""

    @property
    def relative(self) -> float:
        """The largest difference as a part of the largest value; of an output that is zero throughout, itself."""
        return self.difference / self.largest if self.largest else self.difference

    def holds(self, tolerance: float) -> bool:
        """Whether the output agrees, within this part of its largest value."""
        return not self.fault and self.relative <= tolerance


@dataclass(frozen=True)
class Proof:
    """All outputs of all runs, the `tolerance`, and whose numbers (`whose`) are held against the engine's.

    `finders` are the outputs of as many rows as a layer finds, with that layer's type.
    """

    comparisons: tuple[Comparison, ...]
    tolerance: float
    whose: str
    finders: Mapping[str, str] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether all outputs agree."""
        return all(one.holds(self.tolerance) for one in self.comparisons)

    @property
    def verdict(self) -> str:
        """In a sentence."""
        wrong = [one for one in self.comparisons if not one.holds(self.tolerance)]
        if wrong:
            worst = next((one for one in wrong if one.fault), max(wrong, key=lambda one: one.relative))
            what = worst.fault or (f"it differs by {worst.difference:.2g}, which is {worst.relative:.2g} of its "
                                   f"largest value, and {self.tolerance:g} is allowed")
            cause = self._cause(worst)
            return f"{self.whose} does not give what the engine gives: output `{worst.name}`, {what}.{cause}"
        largest = max(one.relative for one in self.comparisons)
        zero = list(dict.fromkeys(f"`{one.name}`" for one in self.comparisons if not one.largest))
        warning = ""
        if zero:
            warning = f" But {', '.join(zero)}: zero throughout, which proves little; check with inputs of your own."
        return (f"{self.whose} gives what the engine gives: the largest difference is {largest:.2g} of an output's "
                f"largest value ({self.tolerance:g} is allowed).{warning}")

    def _cause(self, wrong: Comparison) -> str:
        """What may explain the difference though nothing is wrong, as a sentence with a space before it, or nothing."""
        if wrong.name not in self.finders or self.tolerance < HALF_TOLERANCE:
            return ""
        return (f" It holds what a layer of type {self.finders[wrong.name]} finds: in float16 rows of nearly equal "
                "score may change places, and a row more or less may be found, which the check cannot tell from a "
                "fault; compare what is found yourself.")

    def settle(self, out: str | os.PathLike, tell: Callable[[str], None]) -> None:
        """Tell how the outputs compare; raises RunError, which says that `out` is not written, if one differs."""
        if not self.holds:
            tell(self.table())
            raise RunError(f"{os.fspath(out)} is not written: {self.verdict} --check off writes it all the same.")
        tell(f"{self.verdict}\n\n{self.table()}")

    def table(self) -> str:
        """A line for each output of each run."""
        rows = [("output", "shape", "largest value", "largest difference", "of the largest value")]
        rows += [(shown(one.name), "x".join(map(str, one.shape)) or "scalar", f"{one.largest:.6g}",
                  one.fault or f"{one.difference:.3g}", "" if one.fault else f"{one.relative:.2g}")
                 for one in self.comparisons]
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join(lines)


def prove(deployed: Deployed, run: Run, whose: str, *, batches: Sequence[int] = (), given: Arrays | None = None,
          pixels: Sequence[str] = (), prepare: Prepare = dict, tolerance: float = TOLERANCE) -> Proof:
    """Run the net `deployed`, and `run`, which others made of it, on the same inputs.

    `run` takes arrays by the inputs' names and returns those of the outputs, in their order; its numbers are those of
    `whose`, a name for messages. The inputs are made up, for each of the `batches`, or for the batch that the net has
    if there are none; or they are `given`. Inputs of the names in `pixels` are pixels, from which `prepare` makes what
    the engine's net takes. The net's shapes change.

    Raises InputError for given arrays that are not the net's inputs, and RunError if the outputs are not the net's.
    """
    comparisons: list[Comparison] = []
    if given is not None:
        set_shapes(deployed, given)
        comparisons += _compared(deployed, run, given, prepare, whose)
    else:
        for batch in batches or (None,):
            if batch is not None:
                deployed.set_batch(batch)
            inputs = made_inputs.make(deployed, pixels)
            comparisons += _compared(deployed, run, inputs, prepare, whose)
    return Proof(tuple(comparisons), tolerance, whose, _finders(deployed))


def _finders(deployed: Deployed) -> dict[str, str]:
    net = deployed.graph
    finders = OpenLengths(net).finders
    return {name: finders[net.finals[name]] for name in deployed.outputs if net.finals[name] in finders}


def read_arrays(path: str | os.PathLike) -> Arrays:
    """The arrays of an .npz file by their names, as float32. Raises InputError if it holds none, or no numbers."""
    try:
        with open(path, "rb") as file:
            found = np.load(file, allow_pickle=False)
            if isinstance(found, np.ndarray):
                raise InputError(f"{path}: this is one array, and inputs have names; write the file with "
                                 "numpy.savez(file, data=array).")
            return {name: _numbers(found[name], name, path) for name in found.files}
    except OSError as error:
        raise InputError(f"{path or 'The empty path'}: the file cannot be read: {error.strerror or error}; give an "
                         ".npz file with arrays by the inputs' names, or `off` to check nothing.") from error
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: this is no .npz file of numbers ({' '.join(str(error).split())}); write it with "
                         "numpy.savez(file, data=array).") from error


def _numbers(array: np.ndarray, name: str, path: str | os.PathLike) -> np.ndarray:
    if np.iscomplexobj(array):
        raise InputError(f"{path}: the array `{name}` is of complex numbers, and inputs are of real ones.")
    with np.errstate(over="ignore"):        # to infinity, of which nets may make something
        return np.asarray(array, np.float32, order="C")


def set_shapes(deployed: Deployed, arrays: Arrays) -> None:
    """Give the net's inputs the shapes of the arrays. Raises InputError unless each input has one that fits."""
    shapes = deployed.shapes()
    for name in arrays:
        if name not in shapes:
            raise InputError(f"An array `{name}` is given to check with, but {deployed.file} has no such input"
                             f"{in_brackets(name, shapes)}; its inputs are {_listed(shapes)}.")
    missing = [name for name in shapes if name not in arrays]
    if missing:
        raise InputError(f"No array is given to check with for the input `{missing[0]}` of {deployed.file}; its inputs "
                         f"are {_listed(shapes)}.")
    for name, shape in shapes.items():
        if arrays[name].shape[1:] != shape[1:] or arrays[name].ndim != len(shape):
            found = arrays[name].shape
            remedy = f", or the input this one by --shape {name}={','.join(map(str, found))}" if len(found) == len(
                shape) else ""
            raise InputError(f"The array `{name}` to check with has the shape {_times(found)}, and the input takes "
                             f"{_times(shape)}; give the array that shape{remedy}.")
    for name, array in arrays.items():
        deployed.net.blobs[name].reshape(*array.shape)
    deployed.net.reshape()


def require_batch(deployed: Deployed, arrays: Arrays) -> None:
    """Raise InputError for arrays of another batch than the net has now."""
    for name, shape in deployed.shapes().items():
        found = arrays[name].shape if name in arrays else shape
        if found[:1] != shape[:1]:
            raise InputError(f"The array `{name}` to check with has the shape {_times(found)}, and the exported net "
                             f"takes {_times(shape)}; give an array of that shape, or export the net for any batch.")


def engine_outputs(deployed: Deployed, inputs: Arrays) -> Arrays:
    """What the engine gives for inputs of the shapes that the net has: the outputs, by name."""
    net = deployed.net
    for name, array in inputs.items():
        net.blobs[name].data[...] = array
    net.forward()
    return {name: np.array(net.blobs[name].data) for name in deployed.outputs}


def _compared(deployed: Deployed, run: Run, inputs: Arrays, prepare: Prepare, whose: str) -> list[Comparison]:
    wanted = engine_outputs(deployed, prepare(inputs))
    found = run(inputs)
    if list(found) != list(wanted):
        raise RunError(f"{whose} has the outputs {', '.join(found)}, and {deployed.file} {', '.join(wanted)}; this is "
                       "a fault of cae-caffe: please report it with the net.")
    return [compare(name, wanted[name], np.asarray(found[name])) for name in wanted]


def compare(name: str, wanted: np.ndarray, found: np.ndarray) -> Comparison:
    """How far `found` is from the engine's `wanted`, of the output `name`; NaN and infinities must be the same."""
    if found.shape != wanted.shape:
        return Comparison(name, wanted.shape, _largest(wanted), np.nan, f"its shape is {_times(found.shape)} and not "
                          f"{_times(wanted.shape)}")
    finite = np.isfinite(wanted)
    if wanted.size and not finite.any():
        return Comparison(name, wanted.shape, np.nan, np.nan, "the engine gives no finite value, so that nothing can "
                          "be compared; give other inputs")
    if not np.array_equal(found[~finite], wanted[~finite], equal_nan=True) or not np.isfinite(found[finite]).all():
        return Comparison(name, wanted.shape, _largest(wanted), np.nan, "NaN or infinities stand at other places")
    difference = np.abs(found[finite].astype(np.float64) - wanted[finite]).max(initial=0)
    return Comparison(name, wanted.shape, _largest(wanted), float(difference))


def _largest(array: np.ndarray) -> float:
    return float(np.abs(array[np.isfinite(array)]).max(initial=0))


def _listed(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} ({_times(shape)})" for name, shape in shapes.items())


def _times(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "scalar"
