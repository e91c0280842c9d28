"""Whether an architecture is stable: the same convergence within at least three runs (section 2, principle 6).

The measure is the spread of the final test losses, (largest - smallest) / mean. In the paper's Tables 1 and 4 it is at
most 8.4 % for the architectures that it works with (784-1000-500-250-30), and from 22 % to 42 % for the one that it
shows to converge in some runs only (784-2000-1000-500-N), so MOST, fixed from these numbers alone, lies between.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from .log import read_log

RESULT, LOG = "result.json", "train.log"
LEAST_RUNS = 3
MOST = 0.1
LOSS = "cross_entropy_loss"
# A run this near to what the mean image costs has learned nothing of single images. Test images cost up to 2 % more or
# less than training images (the paper: 202.6 and 205.8 of runs that failed so).
NEAR_MEAN = 0.95


@dataclass(frozen=True)
class Final:
    """The end of one run: `loss` on test images by the name `output`, after so many iterations."""

    source: str
    iterations: int
    output: str
    loss: float


def final(path) -> Final:
    """The end of the run in `path`: a log, a result.json, or a folder that holds one of them under its usual name.

    Raises `InputError` if there is no such file or no test loss in it.
    """
    place = Path(path)
    if place.is_dir():
        place = next((place / name for name in (RESULT, LOG) if (place / name).exists()), place)
    if place.is_dir():
        raise InputError(f"{place}: neither {RESULT} nor {LOG} is in this folder; give the folder of a run, its record "
                         "or its log.")
    return _of_record(place) if place.suffix == ".json" else _of_log(place)


def stability(finals: Sequence[Final], mean_entropy: float | None = None) -> tuple[bool | None, str]:
    """Whether the runs that ended so are those of a stable architecture, None if it cannot be said; and why.

    `mean_entropy` is the cross-entropy of the training images' mean (`image_needs`): runs that end there all alike have
    not converged. Raises `InputError` for runs of different lengths or of different losses.
    """
    if len(finals) < LEAST_RUNS:
        return None, f"{len(finals)} runs given; at least {LEAST_RUNS} are needed (--runs FOLDER ...)"
    _require_alike(finals)
    losses = [end.loss for end in finals]
    if not all(map(math.isfinite, losses)):
        return False, f"{sum(not math.isfinite(loss) for loss in losses)} of {len(losses)} runs diverged"
    failed = [loss for loss in losses if _at_mean(finals[0].output, loss, mean_entropy)]
    if failed:
        return False, (f"{len(failed)} of {len(losses)} runs end at {_span(failed)}, no better than the mean image's "
                       f"{mean_entropy:.2f}")
    spread = (max(losses) - min(losses)) / (sum(losses) / len(losses))
    return spread <= MOST, (f"{finals[0].output} on test images of {len(losses)} runs is {_span(losses)}, a spread of "
                            f"{spread:.1%}, {'within' if spread <= MOST else 'above'} {MOST:.0%}")


def _require_alike(finals):
    for other in finals[1:]:
        first = finals[0]
        if (other.iterations, other.output) != (first.iterations, first.output):
            raise InputError(f"{other.source} ends with {other.output} after {other.iterations} iterations, but "
                             f"{first.source} with {first.output} after {first.iterations}; give runs of one kind.")


def _at_mean(output, loss, mean_entropy):
    return output == LOSS and mean_entropy is not None and loss > NEAR_MEAN * mean_entropy


def _span(losses: list[float]) -> str:
    return f"{min(losses):.2f} to {max(losses):.2f}" if len(losses) > 1 else f"{losses[0]:.2f}"


def _of_record(path: Path) -> Final:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        losses, iterations = record["test"], int(record["iterations"])
        output = LOSS if LOSS in losses else next(iter(losses))
        return Final(str(path), iterations, output, float(losses[output]))
    except OSError as error:
        raise InputError(f"{path}: cannot read this record: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, StopIteration) as error:
        raise InputError(f"{path}: this is no record of a run, for it lacks `test` losses or `iterations` ({error}); "
                         "`cae-caffe reproduce` writes them.") from error


def _of_log(path: Path) -> Final:
    tests = read_log(path).test
    if not tests:
        raise InputError(f"{path}: no test net in this log; give the log of a run whose solver tests.")
    # The nets of the paper are tested on training images first, then on test images.
    curves = {output.name: curve for output, curve in tests[max(tests)].items()}
    output = LOSS if LOSS in curves else next(iter(curves))
    return Final(str(path), curves[output].iterations[-1], output, curves[output].values[-1])
