"""Open questions: variants as changes of real prototxt, runs that are shared, answers that follow from the numbers."""

import json
from pathlib import Path

import pytest

from cae_caffe import schema
from cae_caffe.reproduction.losses import span
from cae_caffe.reproduction.paper import REPORTED
from cae_caffe.reproduction.questions import QUESTIONS, Arm, Outcome, answers, question_runs, variants, write_question
from cae_caffe.reproduction.questions.question import Measured
from cae_caffe.reproduction.runs import variant
from cae_caffe.reproduction.runs.plan import Plan

ROOT = Path(__file__).resolve().parents[2]
CAE = "cae1-n30"


@pytest.fixture
def net():
    return schema.read_net(ROOT / "prototxt" / "cae1-n2" / "train_test.prototxt")


def _layers(net):
    return {layer.name: layer for layer in net.layer}


def test_variants_leave_their_argument_alone(net):
    before = net.SerializeToString(deterministic=True)
    changes = [arm.variant.net for question in QUESTIONS.values() for arm in question.arms
               if arm.variant and arm.variant.net]
    assert len(changes) >= 6 and all(change(net) != net for change in changes)
    assert net.SerializeToString(deterministic=True) == before


def test_the_batch_changes_in_training_alone_and_snapshots_stay_at_whole_passes(net):
    variant = variants.batch(50)
    sizes = [layer.hdf5_data_param.batch_size for layer in variant.net(net).layer if layer.type == "HDF5Data"]
    assert sizes == [50, 100, 100]
    solver = variant.changed_solver(schema.read_solver(ROOT / "prototxt" / "cae1-n2" / "solver.prototxt"))
    assert solver.snapshot * 50 % 60000 == 0


def test_tests_in_between_are_on_the_test_images_alone():
    before = schema.read_solver(ROOT / "prototxt" / "cae2-n30" / "solver.prototxt")
    after = variant.tested_every(1000).changed_solver(before)
    assert (after.test_interval, list(after.test_iter)) == (1000, [100])
    assert [list(state.stage) for state in after.test_state] == [["test-on-test"]] and len(before.test_state) == 2
    losses = QUESTIONS["iteration"].arms[1].losses
    curves = {"loss": [[19000, 71.0]], "test": {"cross_entropy_loss": [[19000, 72.0], [20000, 90.0]],
                                                "l2_error": [[19000, 3.0], [20000, 6.0]]}}
    found = losses({"curves": curves}, {})
    assert (found["train"], found["test"]) == ((71.0,), (72.0, 3.0)) and losses({}, {})["test"] is None


def test_two_changes_of_a_solver_are_made_one_after_the_other():
    before = schema.read_solver(ROOT / "prototxt" / "cae1-n30" / "solver.prototxt")
    both = variants.combined(variant.tested_every(500), variants.learning_rate(0.003))
    after = both.changed_solver(before)
    assert (after.test_interval, after.base_lr) == (500, pytest.approx(0.003)) and both.net is None
    assert (both.name, both.what) == ("tested500-rate0.003", "tested every 500 iterations, base_lr: 0.003")
    assert before.base_lr == pytest.approx(0.006)


def test_images_are_shuffled_in_training_alone_and_a_net_without_data_stays(net):
    shuffled = [layer.hdf5_data_param.shuffle for layer in variants.SHUFFLED.net(net).layer if layer.type == "HDF5Data"]
    assert shuffled == [True, False, False]
    deploy = schema.read_net(ROOT / "prototxt" / "cae1-n2" / "deploy.prototxt")
    assert variants.SHUFFLED.net(deploy) == variants.batch(50).net(deploy) == deploy


def test_relu_stands_for_every_sigmoid_but_the_images(net):
    types = {name: layer.type for name, layer in _layers(variants.RELU.net(net)).items()}
    assert [name for name, kind in types.items() if kind == "Sigmoid"] == ["deconv1neursig"]
    assert sum(kind == "ReLU" for kind in types.values()) == 6


def test_sparse_is_left_out_only_where_it_keeps_everything(net):
    changed = _layers(variants.WITHOUT_SPARSE.net(net))
    has = {name: layer.inner_product_param.weight_filler.HasField("sparse") for name, layer in changed.items()
           if layer.type == "InnerProduct"}
    assert has == {"ip1encode": True, "ip2encode": False, "ip1decode": True}


def test_deconv1neur_becomes_a_convolution_of_the_same_shape(net):
    before, after = _layers(net)["deconv1neur"], _layers(variants.CONVOLUTION.net(net))["deconv1neur"]
    assert (before.type, after.type) == ("Deconvolution", "Convolution")
    assert before.convolution_param == after.convolution_param


def test_arms_share_runs_and_the_tables_come_last(tmp_path):
    plan = Plan(tmp_path, prototxt=ROOT / "prototxt")
    runs = question_runs(plan, QUESTIONS.values(), 5)
    folders = [run.folder.relative_to(tmp_path).as_posix() for run in runs]
    assert len(folders) == len(set(folders))
    in_tables = [folder.startswith("runs/") for folder in folders]
    assert in_tables == sorted(in_tables) and sum(in_tables) == 15
    assert folders.count("questions/runs/cae1-n30-weights1-1-seed1") == 1       # two questions ask for it
    assert "runs/cae1-n30-seed3" in folders and "questions/runs/cae1-n30-seed4" in folders


def _outcome(name, tests, model=CAE, trains=None):
    runs = [Measured(model, seed, {"train": (train, 7.0), "train_last_batch": (train, 7.0), "test": (test, test / 10)})
            for seed, (train, test) in enumerate(zip(trains or tests, tests), 1)]
    return Outcome(Arm(name, "", (model,)), runs, len(runs))


def test_the_nearest_arm_is_the_one_by_the_means():
    goal = sum(both[0] for both in REPORTED[CAE].test) / 3
    near, far = _outcome("near", [goal - 1, goal + 1]), _outcome("far", [goal + 5, goal + 7])
    said = answers.nearest([far, near])
    assert "nearest is near, 0.00 away" in said and "near is lower than far" in said
    overlapping = answers.nearest([near, _outcome("other", [goal, goal + 9])])
    assert "other is not told apart from near" in overlapping


def test_the_claim_holds_only_where_ranges_are_apart():
    base = _outcome("base", [90.0, 91.0])
    assert "the claim holds." in answers.worse([base, _outcome("bad", [95.0, 99.0])])
    assert "the claim does not hold." in answers.worse([base, _outcome("as good", [90.5, 99.0])])
    broken = answers.worse([base, _outcome("broken", [float("nan"), 99.0])])
    assert "it did not train in cross-entropy" in broken and "not finite in 1 of 2 runs" in broken


def test_the_reading_is_chosen_by_the_gap_of_test_and_training():
    tests, trains = ([both[0] for both in getattr(REPORTED[CAE], half)] for half in ("test", "train"))
    gap = sum(tests) / 3 - sum(trains) / 3
    right = _outcome("right", [100.0], trains=[100.0 - gap])
    wrong = _outcome("wrong", [100.0], trains=[104.0 - gap])
    assert answers.gap([wrong, right]).startswith("Nearest is right.")


def test_the_nearest_in_both_losses_weighs_training_too():
    train, test = (sum(both[0] for both in getattr(REPORTED[CAE], half)) / 3 for half in ("train", "test"))
    said = answers.nearest_in_both([_outcome("right in one", [test], trains=[train - 9]),
                                    _outcome("near in both", [test + 2], trains=[train - 3])])
    assert "right in one has " in said and ", 4.50 away, near in both" in said
    assert said.endswith("Nearest: near in both.")
    assert answers.nearest_in_both([Outcome(Arm("none", "", (CAE,)), (), 5)]) == "No run yet."


def test_the_nearest_in_both_losses_may_not_be_told_apart():
    base, other = _outcome("base", [90.0, 99.0]), _outcome("other", [95.0, 102.0])
    assert answers.nearest_in_both_and_apart([base, other]).endswith(
        "Nearest: base. In cross-entropy other is not told apart from base.")
    assert answers.nearest_in_both_and_apart([Outcome(Arm("none", "", (CAE,)), (), 5)]) == "No run yet."


def test_losses_of_the_papers_mini_batch_are_of_one_iteration():
    read = QUESTIONS["train-loss"].arms[-1].losses
    curves = {"loss": [[1000, 9.0], [3400, 8.0], [4000, 7.0], [4900, 6.0]],
              "test": {"cross_entropy_loss": [[1000, 9.5], [4000, 7.5], [5000, 6.5]],
                       "l2_error": [[1000, 2.0], [4000, 1.0], [5000, 0.5]]}}
    losses = read({"curves": curves}, {})
    assert (losses["train"], losses["test"]) == ((7.0,), (7.5, 1.0))        # 4000 is 400 behind six passes of 600
    assert read({"curves": {"loss": [[4900, 6.0]], "test": {}}}, {})["test"] is None and read({}, {})["train"] is None


def test_unfinished_questions_say_how_far_they_are(tmp_path):
    done = _outcome("a", [90.0])
    assert answers.nearest([Outcome(done.arm, done.runs, 5)]).startswith("So far, with 1 of 5 runs: ")
    assert answers.nearest([Outcome(done.arm, (), 5)]) == "No run yet."


def test_a_question_is_written_from_records(tmp_path):
    plan = Plan(tmp_path, prototxt=ROOT / "prototxt")
    question = QUESTIONS["euclidean-weight"]
    for run in question_runs(plan, [question], 2):
        run.folder.mkdir(parents=True)
        level = 90 if run.variant is None else 97
        losses = {"cross_entropy_loss": level + run.seed, "l2_error": 7.0}
        (run.folder / "result.json").write_text(json.dumps({"iterations": run.length, **dict.fromkeys(
            ("train", "train_last_batch", "test"), losses)}))
    page = write_question(plan, question, 2).read_text(encoding="utf-8")
    message = json.loads((tmp_path / "questions" / "euclidean-weight.json").read_text())
    assert message["complete"] and message["answer"] in page and "nearest is weight 1" in page
    assert [[run["test"] for run in arm["runs"]] for arm in message["arms"]] == [[[91, 7.0], [92, 7.0]],
                                                                                 [[98, 7.0], [99, 7.0]]]
    assert message["arms"][0]["paper"] == "train 93.58-96.02; 7.14-7.57; test 96.80-98.39; 7.53-7.78"


def test_a_span_of_one_value_is_that_value():
    assert (span([2.0, 2.0]), span([1.0, 2.0])) == ("2.00", "1.00-2.00")
