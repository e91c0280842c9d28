"""Tables in Markdown, claims judged by the numbers, and the small files that are kept."""

import json
from pathlib import Path

import pytest

from cae_caffe.reproduction import claims as module
from cae_caffe.reproduction.archive import keep, restore
from cae_caffe.reproduction.pages import summary
from cae_caffe.reproduction.paper import REPORTED
from cae_caffe.reproduction.runs.plan import Plan
from cae_caffe.reproduction.runs.variant import EVERY_THOUSAND
from cae_caffe.reproduction.tables import loss_table, table_2, table_3, table_5
from cae_caffe.reproduction.tables.stages import late_losses

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def plan(tmp_path):
    return Plan(tmp_path, prototxt=ROOT / "prototxt")


def _finish(run, cross_entropy, squared_error=10.0, classes=None, training=None):
    run.folder.mkdir(parents=True)
    losses = {"cross_entropy_loss": cross_entropy, "l2_error": squared_error}
    shown = {"cross_entropy_loss": training or cross_entropy}
    (run.folder / "result.json").write_text(json.dumps({
        "model": run.model, "seed": run.seed, "iterations": run.length, "engine": "E", "seconds": 90.0,
        "curves": {"loss": [[at, 1.0] for at in range(1000)]},
        "train_last_thousand": shown, **dict.fromkeys(("train", "train_last_batch", "test"), losses)}))
    if classes is not None:
        (run.folder / "measures.json").write_text(json.dumps({"classes": classes}))


def _finish_tested_then(plan, model, seed, loss):
    run = plan.question_run(model, seed, EVERY_THOUSAND)
    run.folder.mkdir(parents=True)
    losses = {"cross_entropy_loss": loss, "l2_error": loss / 10}
    (run.folder / "result.json").write_text(json.dumps({
        "iterations": 20000, "test": dict.fromkeys(losses, 999.0), "curves": {
            "loss": [[19000, 1.0]],
            "test": {name: [[19000, value], [20000, 999.0]] for name, value in losses.items()}}}))


def test_the_loss_table_sets_the_papers_losses_beside_ours(plan):
    _finish(plan.run("cae1-n2", 1), 159.9, 18.7)
    _finish(plan.run("cae1-n2", 2), 170.0, 20.0)
    _finish(plan.by("caffe").run("cae1-n2", 1), 300.0, 30.0)
    text = loss_table(4, plan.table_runs(4, 2), plan.by("caffe").table_runs(4, 2))
    row = next(line for line in text.splitlines() if "test, all images" in line)
    # The control stands by and counts neither in the difference nor in the verdict.
    assert row.split(" | ")[2:8] == ["159.47; 18.71 / 160.10; 18.76 / 159.76; 18.66", "159.90; 18.70", "170.00; 20.00",
                                     "300.00; 30.00", "+3.2 %; +3.4 %", "meet"]
    assert "real Caffe, seed 1 |" in text and "real Caffe, seed 2" not in text
    first = "| **cae2-n30** | train, the paper's mini-batch | 71.38; 3.82 / 70.54; 3.66 / 71.82; 3.88 | not run |"
    assert first in text


def test_tests_at_the_iteration_of_the_training_losses_have_rows_if_there_are_any(plan):
    _finish(plan.run("cae1-n2", 1), 170.0, 18.7)
    assert "iteration 19000 |" not in loss_table(4, plan.table_runs(4, 2))
    _finish_tested_then(plan, "cae1-n2", 1, 159.0)
    text = loss_table(4, plan.table_runs(4, 2), late=lambda run: late_losses(plan, run.model, run.seed))
    row = next(line for line in text.splitlines() if "test, iteration 19000" in line)
    assert row.split(" | ")[3:7] == ["159.00; 15.90", "not run", "-0.5 %; -15.0 %", "ours lower"]
    assert late_losses(plan, "classic-300-150-75-n2", 1) is None


def test_a_record_that_has_cross_entropy_alone_is_compared_by_it(plan):
    _finish(plan.run("cae1-n2", 1), 159.9, 18.7, training=153)
    row = next(line for line in loss_table(4, plan.table_runs(4, 1)).splitlines() if "the paper's mini-batch" in line)
    assert row.split(" | ")[3:6] == ["153.00", "-0.5 %", "meet"]


def test_accounts_are_exact_and_point_out_the_slip():
    assert table_2().count("| exact |") == 2 and table_2().count("| +782 |") == 5
    assert table_3().count(", exact |") == 6


def test_table_5_has_times_of_whole_runs_alone(plan):
    _finish(plan.run("cae1-n2", 1), 160.0)
    short = Plan(plan.out, quick=True, prototxt=plan.prototxt)
    _finish(short.run("cae2-n2", 1), 160.0)
    text = table_5(plan)
    assert "| stepsize | 1000 | 1000 | none | none |" in text
    assert "| cae1 | 20000 | 68 min | 1.5 min (one run) | not run |" in text
    assert "| cae2 | 20000 | 100 min | not run | not run |" in text


def test_a_claim_is_open_without_runs(plan):
    assert {claim.verdict for claim in module.claims(plan)} == {module.OPEN}


def test_claims_hold_for_the_papers_own_numbers(plan):
    for model in REPORTED:
        row = REPORTED[model]
        for seed, (train, test) in enumerate(zip(row.train, row.test), 1):
            _finish(plan.run(model, seed), *test, classes=row.classes // 3, training=train[0])
            if model.startswith("cae"):
                _finish_tested_then(plan, model, seed, test[0])
    verdicts = {claim.text: claim.verdict for claim in module.claims(plan)}
    assert verdicts.pop("Most runs of the two largest classic nets learn nothing but the mean image") == module.HOLDS
    assert set(verdicts.values()) == {module.HOLDS}


def test_table_4_is_judged_at_the_iteration_of_its_training_losses_too(plan):
    for seed, test in enumerate(REPORTED["cae2-n30"].test, 1):
        _finish(plan.run("cae2-n30", seed), test[0] + 20)
        _finish_tested_then(plan, "cae2-n30", seed, test[0])
    last, then = (claim for claim in module.claims(plan) if claim.text.startswith("The test losses of Table 4"))
    assert last.verdict.startswith(module.FAILS) and "cae2-n30 ours higher" in last.numbers
    assert then.verdict == f"{module.HOLDS} (1 of 6 judged)" and then.text.endswith(
        ", read at iteration 19000, where its train losses are")


def test_claims_fail_where_the_numbers_say_so(plan):
    for code in (2, 10, 30):
        for seed in (1, 2, 3):
            _finish(plan.run(f"cae1-n{code}", seed), 80.0 + code + 20 * seed, classes=5)
            _finish(plan.run(f"cae2-n{code}", seed), 300.0 + code + 200 * seed, classes=3)
    verdicts = {claim.text.split(":")[0]: claim.verdict for claim in module.claims(plan)}
    assert verdicts["Model 2 reaches lower losses than Model 1"] == module.FAILS
    assert verdicts["Both CAE models are stable"] == module.FAILS
    assert verdicts["Model 2 separates at least as many classes as Model 1"] == module.FAILS
    assert verdicts["The test losses of Table 1"] == module.OPEN
    assert verdicts["The train losses of Table 4"] == module.FAILS
    assert f"**{module.FAILS}**" in summary(plan)


def test_kept_results_are_small_and_read_as_finished(plan, tmp_path):
    run = plan.run("cae1-n2", 1)
    _finish(run, 160.0, classes=5)
    run.weights.write_bytes(b"weights")
    run.log.write_text("log")
    kept = Plan(tmp_path / "kept", prototxt=plan.prototxt)
    size = keep(plan.folder, tmp_path / "archived")
    restore(tmp_path / "archived", kept.folder)
    files = sorted(path.name for path in kept.run("cae1-n2", 1).folder.iterdir())
    assert files == ["measures.json", "result.json"] and 0 < size < 10000
    result = kept.run("cae1-n2", 1).result()
    points = result["curves"]["loss"]
    assert result["test"] == run.result()["test"] and len(points) <= 200 and points[0][0] == 0 and points[-1][0] == 999
