"""Average precisions of detections: how SSD's fork tests nets (Solver::TestDetection, and ComputeAP of bbox_util.cpp).

Its solver says so by `eval_type: "detection"`; the test net's outputs are DetectionEvaluate's tops.
"""

from __future__ import annotations

import numpy as np

from ...errors import InputError
from ...spelling import in_brackets
from .. import log
from ..blob import shape_string

VERSIONS = ("11point", "MaxIntegral", "Integral")
WIDTH = 5       # of a row: image, label, score, 1 if right, 1 if wrong


def check(param, name: str) -> None:
    """Raises InputError if the parameters of the solver `name` want average precisions that are none."""
    if param.ap_version not in VERSIONS:
        raise InputError(f"{name}: the solver's `ap_version` is `{param.ap_version}`"
                         f"{in_brackets(param.ap_version, VERSIONS)}; it is one of {', '.join(VERSIONS)}.")


def average_precision(scores: np.ndarray, right: np.ndarray, number: int, version: str) -> float:
    """Of detections with these scores, each right or wrong, of `number` ground truths; 0 where there are none.

    `11point`: the mean, over the recalls 0, 0.1 to 1, of the greatest precision at that recall or a higher one.
    `MaxIntegral`: the integral of that envelope over the recall. `Integral`: that of the precision itself.
    """
    if not len(scores) or not number:
        return 0.0
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / number
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    if version == "11point":
        # Single precision as in the fork: 7 of 10 lie below 0.7 there.
        reached = recall.astype(np.float32).astype(np.float64)[None] >= np.arange(11)[:, None] / 10
        return float(np.where(reached, precision, 0).max(1).mean())
    heights = envelope if version == "MaxIntegral" else precision
    return float((heights * np.diff(recall, prepend=0)).sum())


class AveragePrecisions:
    """The mean over the classes of each output; a class without a detection counts as 0. Outputs have no mean loss."""

    def __init__(self, param):
        self._ap_version, self._shows_classes = param.ap_version, param.show_per_class_result
        self._rows: dict[str, list[np.ndarray]] = {}

    def add(self, outputs) -> None:
        """Take the outputs of a batch. Raises InputError if one is no top of DetectionEvaluate."""
        for name, blob, _ in outputs:
            if blob.shape[-1:] != (WIDTH,):
                raise InputError(f"the test net's output `{name}` has shape {shape_string(blob.shape)}, and the "
                                 "solver's `eval_type: \"detection\"` takes DetectionEvaluate's tops, (1, 1, rows, 5); "
                                 "give other outputs a Silence layer, or leave `eval_type` out.")
            self._rows.setdefault(name, []).append(blob.data.reshape(-1, WIDTH).cpu().numpy().copy())

    def tell(self) -> None:
        """Log them, with `show_per_class_result` each class's, too."""
        for number, (name, rows) in enumerate(self._rows.items()):
            log.info("solver.cpp:546", f"    Test net output #{number}: {name} = "
                                       f"{log.number(self._mean(np.concatenate(rows)))}")

    def _mean(self, rows: np.ndarray) -> float:
        counts = rows[:, 0] == -1
        found = rows[~counts & (rows[:, 3:] != 0).any(1)]
        labels = np.unique(rows[counts, 1])
        total = 0.0
        for label in labels:
            mine = found[found[:, 1] == label]
            if not len(mine):
                log.warning("solver.cpp:524", f"Missing true_pos for label: {int(label)}")
                continue
            number = int(rows[counts & (rows[:, 1] == label), 2].sum())
            precision = average_precision(mine[:, 2], mine[:, 3], number, self._ap_version)
            total += precision
            if self._shows_classes:
                log.info("solver.cpp:540", f"class{int(label)}: {log.number(precision)}")
        return total / len(labels) if len(labels) else 0.0
