"""Layers of forks, which real Caffe has not, against a reference: a formula in float64, written from the fork's source
by someone who has not read the layer.

    from fork_judge import hold
    from fork_references.permute import permute

    hold(Case('type: "Permute" permute_param { order: 1 order: 0 }', [values(2, 3)]), lambda bottoms, params: [
        permute(bottoms[0], [1, 0])])

A reference takes the bottoms and the parameters as lists of float64 arrays, and gives the tops as such a list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from central_differences import slope
from conformance import TOLERANCE, Agreement, Case, _difference, check, run_embedded

Arrays = Sequence[np.ndarray]
Reference = Callable[[Arrays, Arrays], Arrays]

MOST_PROBES = 40    # elements of each array whose derivative is taken


def hold(case: Case, reference: Reference, *, gradients: Sequence[int] | None = None, reason: str = "",
         **exceptions) -> list[dict[str, np.ndarray]]:
    """Fail unless the engine gives for the one layer of `case` the tops of `reference`, and the derivatives of these.

    `gradients` are the bottoms whose derivatives are compared, all by default; those of parameters are compared if
    the case runs backward. The inputs must lie apart from kinks by more than the step. `exceptions` are
    conformance.Agreement's, and need a `reason`. Returns what the engine gives, as run_embedded.
    """
    if exceptions and not reason:
        raise ValueError(f"State the reason for {exceptions}.")
    agreement = Agreement(**{"tolerance": TOLERANCE, **exceptions})
    passes = run_embedded(case)
    for found, bottoms in zip(passes, [case.bottoms] * case.passes + list(case.then)):
        _hold_pass(case, found, [np.asarray(bottom, np.float64) for bottom in bottoms], reference, gradients, agreement)
    return passes


def _hold_pass(case, found, bottoms, reference, gradients, agreement) -> None:
    params = [found[name].astype(np.float64) for name in found if name.startswith("layer[") and name.endswith(".data")]
    wanted = reference([bottom.copy() for bottom in bottoms], [param.copy() for param in params])
    _agree(case, found, {f"{name}.data": top for name, top in zip(case.top_names, wanted)}, agreement)
    if not case.backward:
        return
    weights = top_weights(case, found, wanted)

    def loss() -> float:
        tops = reference([bottom.copy() for bottom in bottoms], [param.copy() for param in params])
        return sum(float(np.sum(weight * top)) for weight, top in zip(weights, tops))

    places = {f"bottom{i}.diff": bottoms[i] for i in (range(len(bottoms)) if gradients is None else gradients)}
    places.update({f"layer[{i}].diff": param for i, param in enumerate(params)})
    for name, array in places.items():
        probes, slopes = _slopes(loss, array)
        complaint = _difference(found[name].reshape(-1)[probes], slopes, agreement)
        if complaint:
            pytest.fail(f"{name}, of elements {probes}: {complaint}\n{case.prototxt}", pytrace=False)


def top_weights(case: Case, found, wanted) -> list[np.ndarray]:
    """The diffs that the engine's tops had in the backward pass: as conformance_runner writes them."""
    from conformance_runner import TOP_DIFF_SEED, _uniform

    given = dict(zip(case.top_names, case.top_diffs))
    return [np.asarray(given[name], np.float64) if name in given
            else np.full(top.shape, 1.0) if "Loss" in case.text and not top.ndim
            else _uniform(TOP_DIFF_SEED + i, top.shape, ()).astype(np.float64)
            for i, (name, top) in enumerate(zip(case.top_names, wanted))]


def agree(case: Case, reference_results: dict[str, np.ndarray], reason: str = "", **exceptions) -> None:
    """Fail unless the engine gives these results (BLOB.data, BLOB.diff, layer[i].diff, ...) in its first pass."""
    if exceptions and not reason:
        raise ValueError(f"State the reason for {exceptions}.")
    _agree(case, run_embedded(case)[0], reference_results, Agreement(**{"tolerance": TOLERANCE, **exceptions}))


def _agree(case, found, wanted, agreement) -> None:
    for name, array in wanted.items():
        complaint = _difference(found[name], np.asarray(array, np.float64), agreement)
        if complaint:
            pytest.fail(f"{name}: {complaint}\n{case.prototxt}", pytrace=False)


def _slopes(loss: Callable[[], float], array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of some elements of `array`, and the derivative of the loss by each."""
    flat = array.reshape(-1)
    chosen = np.random.RandomState(flat.size).permutation(flat.size)[:MOST_PROBES]
    return chosen, np.array([slope(loss, flat, i) for i in chosen])


def hold_against_caffe(judge, case: Case, equivalent: Case, reason: str = "", **exceptions) -> None:
    """Fail unless the engine gives for `case` what real Caffe gives for `equivalent`, which Caffe 1.0 knows: all tops
    and derivatives, by name.
    """
    if exceptions and not reason:
        raise ValueError(f"State the reason for {exceptions}.")
    real = judge.real(equivalent)
    if isinstance(real, str):
        pytest.fail(f"Real Caffe refuses this case:\n{real}\n{equivalent.prototxt}", pytrace=False)
    check(case, real, Agreement(**exceptions))
