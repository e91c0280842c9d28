"""The rows that Tables 1 and 4 have for each model: which losses of a run stand beside which of the paper's.

Table 4's runs are tested every 5000 iterations, and the paper's losses are those of iteration 19000. So it has a row
more, of runs from the same seeds that train in the same way and are tested every 1000, those of the open question
"iteration".
"""

from __future__ import annotations

from ..losses import LAST_SHOWN, LOSSES, at_iteration
from ..runs.plan import TABLES, Plan
from ..runs.variant import EVERY_THOUSAND

Stage = tuple[str, str, str]            # the words of a row, where a record keeps its losses, and the paper's beside it

LATE = "test_last_thousand"             # where a record that is shown in a table has the losses of `late_losses`
LATE_STAGE: Stage = (f"test, iteration {LAST_SHOWN}", LATE, "test")


def stages(mini_batch: str, late: bool) -> tuple[Stage, ...]:
    """The rows, the paper's mini-batch being called `mini_batch`; `late` asks for that of `late_losses`.

    Which mini-batch the paper's training losses are of is what the question "mean-image" found; over all images is what
    one would rather know.
    """
    usual = ((f"train, {mini_batch}", "train_last_thousand", "train"), ("train, all images", "train", "train"),
             ("test, all images", "test", "test"))
    return (*usual, LATE_STAGE) if late else usual


def late_losses(plan: Plan, model: str, seed: int) -> dict[str, float] | None:
    """Test losses by name at iteration LAST_SHOWN of the run of `model` from `seed` that was tested there.

    None if there is no such run, as of nets that are not Table 4's. Raises InputError for a damaged record.
    """
    if not model.startswith(TABLES[4]):
        return None
    result = plan.by("torch").question_run(model, seed, EVERY_THOUSAND).result() or {}
    _, test = at_iteration(result, LAST_SHOWN)
    return dict(zip(LOSSES, test)) if test else None
