"""The measures of a finished run (`measures`), taken in a process of its own, beside the runs that go on:

python3 -m cae_caffe.reproduction.measures.process RUN_FOLDER [quick]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...models import PAPER
from ...running.processes import status_of
from ..runs.run import Run
from .codes import measured, up_to_date

QUICK = "quick"
# Of a short run: codes that t-SNE draws and training images that classifiers see. With all of them measuring would take
# longer than training did.
QUICK_LIMITS = {"picture_limit": 500, "train_limit": 3000}


def wanted(run: Run) -> bool:
    """Whether a finished run lacks measures (or has some that were made otherwise) and they can be taken: it is of an
    auto-encoder of the paper, and its weights are there.

    A variant's nets are compared by their losses, which their records have.
    """
    return (run.model in PAPER and run.variant is None and run.weights.exists()
            and not up_to_date(run.folder, **_limits(bool(run.test_batches))))


def _limits(quick: bool) -> dict[str, Any]:
    return QUICK_LIMITS if quick else {}


def command(run: Run) -> list[str]:
    """The process that measures."""
    quick = [QUICK] if run.test_batches else []
    return [sys.executable, "-m", f"{__package__}.process", str(run.folder), *quick]


def main(words: Sequence[str]) -> int:
    """The process; returns its exit status."""
    return status_of(lambda: measured(Path(words[0]), **_limits(QUICK in words[1:])))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
