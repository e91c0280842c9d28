"""One oracle for all layer tests: the same case on real Caffe and on the embedded engine, compared blob by blob.

A test states a layer and its bottoms; hypothesis may drive the numbers in both:

    from conformance import Case, examples, values

    @examples(30)
    @given(axis=st.integers(0, 3), tiles=st.integers(1, 4))
    def test_tile(judge, axis, tiles):
        judge(Case(f'type: "Tile" tile_param {{ axis: {axis} tiles: {tiles} }}', [values(2, 3, 4, 5)]))

    def test_tile_refuses_no_tiles(judge):
        judge.refused(Case('type: "Tile" tile_param { tiles: 0 }', [values(2, 3)]), match="`tiles`")

    GOLDEN = {"second axis": Case('type: "Tile" tile_param { axis: 1 tiles: 3 }', [values(2, 3, 2)])}

conformance_sweep.py makes random layers of every type, with every option of the schema. conformance_tally.py counts.

`judge` compares the data of all tops, the diffs of all bottoms and parameters (once and after a second backward pass,
which adds), and the parameters' data. `judge.all` takes many cases at once. What a module's GOLDEN holds is also
checked where there is no real Caffe (golden_layers.py; tests/golden/make_layers.py writes the files): keep the arrays
small. Bottoms are called bottom0, bottom1 ..., tops top0, top1 ..., the layer `layer`, its parameters layer[0] ...
"""

from __future__ import annotations

import atexit
import functools
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import conformance_runner
import conformance_tally
import hypothesis
import numpy as np
import pytest

TOLERANCE = 1e-5        # of a blob's largest value: float32 sums in another order
LONG_FACTOR = 20        # how many times the examples --long runs

Results = list[dict[str, np.ndarray]]

_factor = 1


def run_long() -> None:
    """Multiply the examples of tests defined from now on."""
    global _factor
    _factor = LONG_FACTOR


def examples(number: int):
    """Decorator of a hypothesis test: run `number` examples, always the same ones, more with --long."""
    return hypothesis.settings(
        max_examples=number * _factor, derandomize=True, deadline=None, database=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large])


def values(*shape: int, low: float = -1, high: float = 1, seed: int = 0) -> np.ndarray:
    """Uniform float32 values, the same for the same arguments."""
    return np.random.RandomState(seed).uniform(low, high, shape).astype(np.float32)


def distinct(*shape: int, seed: int = 0) -> np.ndarray:
    """Float32 values of which no two are equal or close, -0.6 to 1 in random order: a maximum of them is certain."""
    count = int(np.prod(shape))
    return np.random.RandomState(seed).permutation(np.linspace(-0.6, 1, count)).reshape(shape).astype(np.float32)


def whole_numbers(*shape: int, below: int, seed: int = 0) -> np.ndarray:
    """Whole numbers from 0 to `below` - 1 as float32: labels, indices."""
    return np.random.RandomState(seed).randint(0, below, shape).astype(np.float32)


@dataclass(frozen=True)
class Case:
    """One layer or net, and what goes into it."""

    text: str                   # the inside of one layer, without name, bottom and top; or `layer { ... }` of a net
    bottoms: Sequence[np.ndarray] | Mapping[str, np.ndarray] = ()   # a net's by the name of the blob
    tops: int = 1               # of the one layer
    in_place: bool = False      # the one layer's top is its bottom
    params: Sequence[np.ndarray] | Mapping[str, Sequence[np.ndarray]] | str | None = None
    #                             of the one layer, or by layer's name; None: uniform; "filled": as the fillers draw
    top_diffs: Sequence[np.ndarray] | Mapping[str, np.ndarray] = ()   # uniform if not given, but for losses
    phase: str = "TRAIN"
    seed: int = 1               # of Caffe's random stream
    backward: bool = True
    force_backward: bool = True     # if not, only what the parameters need is computed, as in training
    passes: int = 1             # forward and backward passes; each is compared
    then: Sequence[Sequence[np.ndarray]] = ()     # bottoms, perhaps of other shapes, of passes after these
    files: Mapping[str, bytes] = field(default_factory=dict)       # in the working directory, by name
    odd_params: Sequence[float] = ()        # mixed into parameters that are not given: infinity and the like
    odd_top_diffs: Sequence[float] = ()     # mixed into top diffs that are not given

    @property
    def is_net(self) -> bool:
        return re.search(r"\blayer\s*{", self.text) is not None

    @property
    def top_names(self) -> list[str]:
        """The names of the one layer's tops."""
        return ["bottom0"] if self.in_place else [f"top{i}" for i in range(self.tops)]

    @property
    def prototxt(self) -> str:
        """The net: an Input layer for each bottom, and the layers."""
        inputs = "".join(f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ '
                         f'{" ".join(f"dim: {length}" for length in array.shape)} }} }} }}\n'
                         for name, array in self._named(self.bottoms, "bottom").items())
        layers = self.text if self.is_net else self._layer()
        return f'name: "case"\nforce_backward: {str(self.force_backward).lower()}\n{inputs}{layers}\n'

    def _layer(self) -> str:
        ends = [f'bottom: "bottom{i}"' for i in range(len(self.bottoms))] + [f'top: "{t}"' for t in self.top_names]
        return f'layer {{ name: "layer" {" ".join(ends)} {self.text} }}'

    def _named(self, arrays, stem: str) -> dict[str, np.ndarray]:
        if not isinstance(arrays, Mapping):
            arrays = {f"{stem}{i}": array for i, array in enumerate(arrays)}
        return {name: np.asarray(array, np.float32) for name, array in arrays.items()}

    def message(self) -> dict:
        """The case as conformance_runner takes it."""
        passes = [self.bottoms] * self.passes + list(self.then)
        top_diffs = self.top_diffs if isinstance(self.top_diffs, Mapping) else dict(zip(self.top_names, self.top_diffs))
        params = {"layer": self.params} if isinstance(self.params, (list, tuple)) else self.params
        return {"folder": _folder(), "prototxt": self.prototxt, "phase": self.phase, "seed": self.seed,
                "params": params, "backward": self.backward, "odd_params": list(self.odd_params),
                "odd_top_diffs": list(self.odd_top_diffs),
                "passes": [self._named(bottoms, "bottom") for bottoms in passes], "files": dict(self.files),
                "top_diffs": dict(top_diffs)}


@functools.cache
def _folder() -> str:
    """The working directory of both engines, empty between cases; one for all, for making folders takes longer."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def run_embedded(case: Case) -> Results:
    """The case on the embedded engine: for each pass, arrays by name. Raises what the engine raises."""
    from cae_caffe import pycaffe
    from cae_caffe.engine import log

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "_minimum", log.LEVELS["ERROR"])
        return conformance_runner.run(pycaffe, case.message())


def net_and_results(case: Case):
    """The embedded engine's net of `case`, with its parameters, and the results of its first pass."""
    from cae_caffe import pycaffe

    kept: list = []

    class Kept(pycaffe.Net):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            kept.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pycaffe, "Net", Kept)
        results = run_embedded(case)[0]
    return kept[0], results


def run_real(real_caffe, cases: Sequence[Case]) -> list[Results | str]:
    """The cases on real Caffe: results as of `run_embedded`, or what it said when it refused one."""
    source = Path(conformance_runner.__file__).read_text()
    return [answer for _, answer in real_caffe(source, cases=[case.message() for case in cases])]


@dataclass(frozen=True)
class Agreement:
    """When two results agree; whatever differs from these defaults a test must give a reason for."""

    tolerance: float = TOLERANCE    # largest difference, as a part of the blob's largest value
    floor: float = 0                # the blob's largest value counts as at least this
    ignore: Sequence[str] = ()      # names of results that are not compared


class Judge:
    """Compares both engines; the fixture `judge` is one."""

    def __init__(self, real_caffe):
        self._real_caffe = real_caffe

    def real(self, case: Case) -> Results | str:
        """What real Caffe gives for `case`, or what it said when it refused it."""
        answer, = run_real(self._real_caffe, [case])
        return answer

    def __call__(self, case: Case, reason: str = "", **exceptions) -> None:
        """Fail unless both engines give the same for `case`; `exceptions` are Agreement's, and need a `reason`."""
        self.all([case], reason, **exceptions)

    def all(self, cases: Iterable[Case], reason: str = "", **exceptions) -> None:
        """As for one case, for many in one call of real Caffe, which is faster."""
        if exceptions and not reason:
            raise ValueError(f"State the reason for {exceptions}.")
        cases = list(cases)
        for case, real in zip(cases, run_real(self._real_caffe, cases)):
            if isinstance(real, str):
                pytest.fail(f"Real Caffe refuses this case:\n{real}\n{case.prototxt}", pytrace=False)
            agreement = Agreement(**exceptions)
            conformance_tally.count(case, check(case, real, agreement), real, agreement)

    def refused(self, case: Case, match: str) -> None:
        """Fail unless both engines refuse `case`, ours with an InputError whose text has the pattern `match`."""
        from cae_caffe.errors import InputError

        if not isinstance(self.real(case), str):
            pytest.fail(f"Real Caffe accepts this case:\n{case.prototxt}")
        with pytest.raises(InputError, match=match):
            run_embedded(case)
        conformance_tally.count(case)


def check(case: Case, real: Results, agreement: Agreement = Agreement()) -> Results:
    """Fail unless the embedded engine gives for `case` what real Caffe gave; returns what it gives."""
    try:
        ours = run_embedded(case)
    except Exception as error:
        raise AssertionError(f"The embedded engine fails, real Caffe does not: {error}\n{case.prototxt}") from error
    complaints = [f"pass {number}, {complaint}" for number, (mine, theirs) in enumerate(zip(ours, real))
                  for complaint in differences(mine, theirs, agreement)]
    if complaints:
        pytest.fail("\n".join([*complaints, case.prototxt]), pytrace=False)
    return ours


def differences(ours: dict, real: dict, agreement: Agreement = Agreement()) -> list[str]:
    """What differs between two passes' results, a clause each; empty when all agrees."""
    if list(ours) != list(real):
        return [f"there are {', '.join(ours)}; real Caffe has {', '.join(real)}"]
    clauses = ((name, _difference(ours[name], real[name], agreement)) for name in real if name not in agreement.ignore)
    return [f"{name}: {clause}" for name, clause in clauses if clause]


def _difference(ours: np.ndarray, real: np.ndarray, agreement: Agreement) -> str | None:
    if ours.shape != real.shape:
        return f"shape {ours.shape}; real Caffe has {real.shape}"
    finite = np.isfinite(real)
    if not np.array_equal(ours[~finite], real[~finite], equal_nan=True) or not np.isfinite(ours[finite]).all():
        return f"infinite or not-a-number at other places: {ours.ravel()[:20]}; real Caffe has {real.ravel()[:20]}"
    error = np.abs(np.where(finite, ours, 0).astype(np.float64) - np.where(finite, real, 0))
    largest = max(float(np.abs(real[finite]).max(initial=0)), agreement.floor)
    allowed = agreement.tolerance * largest
    if error.max(initial=0) <= allowed:
        return None
    place = np.unravel_index(error.argmax(), error.shape)
    relative = error[place] / largest if largest else np.inf
    return (f"{ours[place]!r} at {tuple(map(int, place))}, real Caffe has {real[place]!r}: {relative:.2g} of the "
            f"largest value {largest:.6g}, in {int((error > allowed).sum())} of {error.size} places")
