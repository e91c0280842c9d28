"""The test losses of Table 4's nets at the iteration of the paper's training losses.

Table 4's own runs are tested every 5000 iterations. Those of the open question "iteration" train in the same way, from
the same seeds, and are tested every 1000.
"""

from __future__ import annotations

from .questions.question import LOSSES
from .questions.readings import LAST_SHOWN, read_at
from .questions.variants import EVERY_THOUSAND
from .runs.plan import TABLES, Plan

KEY = "test_last_thousand"      # where a record that is shown in a table has them
ROW = (f"test, iteration {LAST_SHOWN}", KEY, "test")        # their row: its words, where they are, the paper's beside


def losses_then(plan: Plan, model: str, seed: int) -> dict[str, float] | None:
    """Test losses by name at iteration LAST_SHOWN of the run of `model` from `seed` that was tested there.

    None if there is no such run, as of nets that are not Table 4's. Raises InputError for a damaged record.
    """
    if not model.startswith(TABLES[4]):
        return None
    result = plan.by("torch").question_run(model, seed, EVERY_THOUSAND).result() or {}
    test = read_at(LAST_SHOWN)(result, {})["test"]
    return dict(zip(LOSSES, test)) if test else None
