"""The mean image's losses, by which the paper's own numbers tell which images they are over; nothing is trained for it.

A net that learned nothing shows the mean image whatever it is shown, so its losses depend on the images they are taken
over and on nothing else. Ten of the paper's runs in Table 1 are such nets. Set beside the mean image's losses over one
set of images or another, theirs tell which set it was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ... import files, schema
from ...data.hdf5_source import HDF5Source
from ..fields import NUMBERS, TEXT, list_of, object_of
from ..losses import Pair, mean, spread, values
from ..paper import REPORTED
from ..runs.plan import Plan
from ..runs.record import DISPLAYS, THOUSAND
from .question import Arm, Measured, Outcome

RECORD = "mean_image.json"          # in the folder of results
_LOSSES = object_of(name=TEXT, what=TEXT, stage=TEXT, losses=list_of(NUMBERS))
MODEL = "classic-3000-1500-750-n2"  # whose solver tells the batches; each of its runs in the paper is such a net
NAME = "mean image"
TRAIN_LIST, TEST_LIST = "data/mnist_train.txt", "data/mnist_test.txt"
HALF = 5000                         # test images of each of MNIST's two groups of writers
STUCK = 205.5                       # test cross-entropy; the paper's next lower run has 204.91
TOLERANCES = (0.25, 0.1)            # three times what the paper's ten runs differ by among themselves
EPSILON = 1e-9                      # a pixel that is black in all training images, for its logarithm
RANDOM = "images at random"         # in the name of an arm whose two numbers are a standard error about their mean
EACH = "each mini-batch of a pass in MNIST's order"

RULE = ("A reading can be the paper's where the mean image's losses over its images are within 0.25 and 0.1 of those "
        "of the paper's nets that learned nothing, which differ by 0.08 and 0.03 among themselves. Images at random: "
        "within two standard errors. By chance one mini-batch in a hundred is as near.")


def outcomes(plan: Plan) -> list[Outcome]:
    """A reading of the paper's two losses each; without any numbers where MNIST is not there to measure them."""
    found = _measured(plan)
    return [Outcome(Arm(each["name"], each["what"], (), reported=reported(each["stage"])),
                    [Measured(NAME, at, {each["stage"]: tuple(pair)}) for at, pair in enumerate(each["losses"])],
                    len(each["losses"])) for each in found]


def recorded(plan: Plan) -> bool:
    """Whether the losses have been measured."""
    return (plan.folder / RECORD).exists()


def reported(stage: str) -> str:
    """The losses of the paper's nets that learned nothing, in `stage` "train" or "test"."""
    return f"{stage} {spread(_stuck(stage))}"


def _stuck(stage: str) -> list[Pair]:
    return [pair for row in REPORTED.values() for pair, test in zip(getattr(row, stage), row.test) if test[0] > STUCK]


def answer(found: Sequence[Outcome]) -> str:
    """Which readings of "test" and of "train" can be the paper's."""
    if not found:
        return "Not measured yet."
    return " ".join(_answer_for(stage, [outcome for outcome in found if outcome.pairs(stage)])
                    for stage in ("test", "train"))


def _answer_for(stage: str, found: Sequence[Outcome]) -> str:
    paper = [mean(values(_stuck(stage), loss)) for loss in (0, 1)]
    fits = {outcome.arm.name: _fits(outcome, stage, paper) for outcome in found if outcome.arm.name != EACH}
    readings = {outcome.arm.name: f"{outcome.arm.name} ({_shown(outcome, stage)})" for outcome in found}
    can, cannot = ([readings[name] for name, fit in fits.items() if fit is wanted] for wanted in (True, False))
    return (f"{stage.capitalize()}: the paper's {len(_stuck(stage))} nets that learned nothing have {paper[0]:.2f}; "
            f"{paper[1]:.2f}. These can be over {', '.join(can) or 'none of the sets here'}, and not over "
            f"{', '.join(cannot) or 'none of the others'}."
            + "".join(_numbered(outcome, stage, paper) for outcome in found if outcome.arm.name == EACH))


def _numbered(outcome: Outcome, stage: str, paper: Sequence[float]) -> str:
    """Which mini-batches of a pass, counted from 0, are as near to the paper's as a reading must be."""
    near = [str(number) for number, losses in enumerate(outcome.pairs(stage)) if _near(losses, paper, TOLERANCES)]
    return (f" Of all {len(outcome.runs)} mini-batches of a pass in MNIST's order {len(near)} are as near, by number "
            f"from 0: {', '.join(near) or 'none'}.")


def _shown(outcome: Outcome, stage: str) -> str:
    centre, error = _centre(outcome, stage)
    return "; ".join(f"{middle:.2f}" + (f" ± {width:.2f}" if width else "") for middle, width in zip(centre, error))


def _fits(outcome: Outcome, stage: str, paper: Sequence[float]) -> bool:
    centre, error = _centre(outcome, stage)
    return _near(centre, paper, [2 * width or limit for width, limit in zip(error, TOLERANCES)])


def _near(losses: Sequence[float], paper: Sequence[float], limits: Sequence[float]) -> bool:
    return all(abs(loss - goal) <= limit for loss, goal, limit in zip(losses, paper, limits))


def _centre(outcome: Outcome, stage: str):
    """The mean of each loss, and its standard error where images are drawn at random."""
    series = [values(outcome.pairs(stage), loss) for loss in (0, 1)]
    return [mean(one) for one in series], [(max(one) - min(one)) / 2 for one in series]


def _kept(path: Path) -> list[dict] | None:
    """What was measured before; None, to have it measured again, where the file is missing or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    return found if list_of(_LOSSES).holds(found) else None


def _measured(plan: Plan) -> list[dict]:
    path = plan.folder / RECORD
    kept = _kept(path)
    if kept is not None:
        return kept
    if not (Path(TRAIN_LIST).exists() and Path(TEST_LIST).exists()):
        return []
    train = _images(TRAIN_LIST)
    batch, shown, thousand = _batches(plan)
    shuffled = _shuffled(len(train), batch * (shown[0] + 1))
    found = measure(train, _images(TEST_LIST), batch, shown, thousand, shuffled)
    files.write_text(path, json.dumps(found, indent=1) + "\n")
    return found


def _images(list_file: str) -> np.ndarray:
    with HDF5Source(list_file, ["data"]) as source:
        return source.rows("data", 0, len(source)).reshape(len(source), -1)


def _shuffled(count: int, length: int) -> np.ndarray | None:
    """The first `length` rows that HDF5Data reads of `count` with `shuffle: true`; None where PyTorch is missing.

    Caffe draws that order from the C library's rand(), which nothing seeds, so it is the same in every run.
    """
    try:
        from ...engine.libc_rand import LibcRand
    except ImportError:
        return None
    stream, order, passes = LibcRand(), np.arange(count), []
    for _ in range(-(-length // count)):
        stream.shuffle(order)
        passes.append(order.copy())
    return np.concatenate(passes)[:length]


def _batches(plan: Plan) -> tuple[int, list[int], int]:
    """The batch size of MODEL; the numbers, from 0, of the last mini-batches that its log shows; and that of the last
    one if it showed those of every 1000th iteration.
    """
    solver = schema.read_solver(plan.prototxt / MODEL / "solver.prototxt")
    net = schema.read_net(plan.prototxt / MODEL / "train_test.prototxt")
    batch = next(layer.hdf5_data_param.batch_size for layer in net.layer if layer.type == "HDF5Data")
    # Of the mini-batch after the last iteration the log has the total loss, but not the paper's two.
    last = (solver.max_iter - 1) // solver.display
    shown = [solver.display * (last - back) for back in range(DISPLAYS)]
    return batch, shown, (solver.max_iter - 1) // THOUSAND * THOUSAND


def measure(train: np.ndarray, test: np.ndarray, batch: int, shown: Sequence[int], thousand: int,
            shuffled: np.ndarray | None = None) -> list[dict]:
    """The losses of the mean of `train` over several sets of images (count, pixels in [0, 1]), for JSON.

    Sigmoid cross-entropy and half the squared error, per image. `batch` images a mini-batch; `shown` are numbers of
    mini-batches, from 0, the last one first, `thousand` is the number of one more; `shuffled` are the rows of `train`
    in the order of a shuffled training.
    """
    picture = np.clip(train.mean(0, dtype=np.float64), EPSILON, 1 - EPSILON)
    on_train, on_test = losses(train, picture), losses(test, picture)
    found = [_reading("all test images", "all that there are", "test", on_test),
             _reading("the first 5000 test images", "the first group of writers", "test", on_test[:HALF]),
             _reading("the last 5000 test images", "the second group of writers", "test", on_test[HALF:]),
             _reading("all training images", "all that there are", "train", on_train)]
    found += _shown_readings(np.arange(batch * (shown[0] + 1)) % len(train), "in MNIST's order", on_train, batch, shown,
                             thousand)
    if shuffled is not None:
        found += _shown_readings(shuffled, "with Caffe's `shuffle: true`", on_train, batch, shown, thousand)
    whole = on_train[:len(on_train) // batch * batch].reshape(-1, batch, 2).mean(1)
    found.append({"name": EACH, "what": f"{batch} images; from the lowest to the highest", "stage": "train",
                  "losses": whole.round(3).tolist()})
    return found + [_at_random(count, on_train) for count in (batch, batch * len(shown))]


def _shown_readings(rows: np.ndarray, words: str, on_train: np.ndarray, batch: int, shown: Sequence[int],
                    thousand: int) -> list[dict]:
    """Readings by what a log shows of a training that goes through `rows`; `words` tell their order."""
    batches = on_train[rows].reshape(-1, batch, 2)
    return [_reading(f"the last mini-batch {words}", f"the last one shown, of iteration {shown[0]}", "train",
                     batches[shown[0]]),
            _reading(f"the last ten shown {words}", "mini-batches, a display apart", "train",
                     batches[list(shown)].reshape(-1, 2)),
            _reading(f"the mini-batch of iteration {thousand} {words}",
                     "the last one shown if every 1000th iteration is", "train", batches[thousand])]


def losses(images: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """The losses (count, 2) of showing `picture`, in ]0, 1[, for each of `images` (count, pixels).

    -sum(x log p + (1 - x) log(1 - p)) and sum((x - p)^2) / 2, as Caffe's SigmoidCrossEntropyLoss and EuclideanLoss.
    """
    gain = np.log(picture) - np.log1p(-picture)
    squares = np.einsum("ij,ij->i", images, images, dtype=np.float64)
    return np.stack([-(images @ gain + np.log1p(-picture).sum()),
                     (squares - 2 * (images @ picture) + picture @ picture) / 2], 1)


def _reading(name: str, what: str, stage: str, over: np.ndarray) -> dict:
    return {"name": name, "what": what, "stage": stage, "losses": [over.mean(0).tolist()]}


def _at_random(count: int, on_train: np.ndarray) -> dict:
    """What `count` images of an unknown order have: a standard error below and above the mean."""
    middle, error = on_train.mean(0), on_train.std(0) / math.sqrt(count)
    return {"name": f"{count} {RANDOM}", "what": "in an order of the paper's own; from one standard error below to one "
            "above", "stage": "train", "losses": [(middle - error).tolist(), (middle + error).tolist()]}
