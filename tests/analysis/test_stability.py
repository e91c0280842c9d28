"""Runs that agree, runs that do not, and what is no run."""

import json
import math

import pytest

from cae_caffe import InputError
from cae_caffe.analysis.stability import Final, final, stability
from cae_caffe.reproduction.paper import REPORTED

LOG = """Iteration 0, loss = 600
Iteration 10, loss = 210.5
Iteration 10, Testing net (#0)
    Test net output #0: cross_entropy_loss = 208.126 (* 1 = 208.126 loss)
    Test net output #1: l2_error = 26.5
Iteration 10, Testing net (#1)
    Test net output #0: cross_entropy_loss = 207 (* 1 = 207 loss)
    Test net output #1: l2_error = 27
"""


def runs(*losses, output="cross_entropy_loss"):
    return [Final(f"run {i}", 100, output, loss) for i, loss in enumerate(losses)]


def test_the_spread_of_final_test_losses_decides():
    assert stability(runs(95.0, 100.0, 104.0)) == (
        True, "cross_entropy_loss on test images of 3 runs is 95.00 to 104.00, a spread of 9.0%, within 10%")
    assert stability(runs(95.0, 100.0, 106.0))[0] is False


def test_the_papers_own_architectures_fall_on_either_side():
    """Those that it works with are stable, the one that converged in some runs only is not."""
    answers = {model: stability(runs(*(loss for loss, _ in row.test)), 206.5)[0] for model, row in REPORTED.items()}
    good = [model for model in answers if not model.startswith(("classic-2000", "classic-3000"))]
    assert len(good) == 15 and all(answers[model] for model in good)
    assert not any(answers[model] for model in answers if model not in good)


def test_runs_that_all_end_at_the_mean_image_have_not_converged():
    answer, reason = stability(runs(205.80, 205.80, 205.81), 206.5)
    assert answer is False and reason == "3 of 3 runs end at 205.80 to 205.81, no better than the mean image's 206.50"
    assert stability(runs(205.80, 205.80, 205.81))[0] is True       # it cannot be told without the images


def test_a_run_that_diverged_is_not_stable():
    assert stability(runs(95.0, math.nan, 96.0)) == (False, "1 of 3 runs diverged")


@pytest.mark.parametrize("losses", [(), (95.0, 95.0)])
def test_fewer_than_three_runs_say_nothing(losses):
    answer, reason = stability(runs(*losses))
    assert answer is None and f"{len(losses)} runs given; at least 3" in reason


def test_runs_of_different_kinds_are_refused():
    with pytest.raises(InputError, match="run 0 ends with l2_error after 100 iterations, but run 0 with cross_entropy"):
        stability(runs(1.0, 2.0) + runs(3.0, output="l2_error"))


def test_records_logs_and_their_folders_are_read(tmp_path):
    (tmp_path / "train.log").write_text(LOG)
    assert final(tmp_path) == Final(str(tmp_path / "train.log"), 10, "cross_entropy_loss", 207.0)
    record = {"iterations": 20, "test": {"l2_error": 8.5, "cross_entropy_loss": 101.5}}
    (tmp_path / "result.json").write_text(json.dumps(record))
    assert final(tmp_path) == Final(str(tmp_path / "result.json"), 20, "cross_entropy_loss", 101.5)
    assert final(tmp_path / "train.log").loss == 207.0


@pytest.mark.parametrize("name, text, message", [
    ("result.json", "{", "no record of a run"),
    ("result.json", '{"iterations": 3, "test": {}}', "no record of a run"),
    ("result.json", '[1]', "no record of a run"),
    ("train.log", LOG.split("Iteration 10, T", 1)[0], "no test net in this log"),
    ("other", "", "neither result.json nor train.log"),
])
def test_what_is_no_run_is_told(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        final(tmp_path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot read this record: No such file"):
        final(tmp_path / "result.json")
