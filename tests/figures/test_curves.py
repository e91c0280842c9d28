import pytest

from cae_caffe.figures import curves

LOSS = "x] Iteration {0} (9 iter/s, 1s/9 iters), loss = {1}\n"
OUTPUT = "x]     {0} net output #{1}: {2} = {3}{4}\n"


def log(name, folder, weights=(1, 0), last=20.0):
    """A log of two outputs and one test net, three displays."""
    text = 'x] Creating test net (#0) specified by net file: n\nstate {\n  stage: "test-on-test"\n}\n'
    for iteration, value in ((0, 100.0), (10, 30.0), (20, last)):
        text += f"x] Iteration {iteration}, Testing net (#0)\n"
        suffix = [f" (* {weight} = {value} loss)" if weight else "" for weight in weights]
        outputs = OUTPUT.format("{0}", 0, "cross", value, suffix[0])
        outputs += OUTPUT.format("{0}", 1, "l2", value / 10, suffix[1])
        text += outputs.format("Test") + LOSS.format(iteration, value) + outputs.format("Train")
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.fixture
def texts(tmp_path):
    """Draws logs and returns what is written in the picture, numbers left out."""
    def draw(*logs):
        curves.draw(logs, tmp_path / "c.svg")
        lines = (tmp_path / "c.svg").read_text(encoding="utf-8").splitlines()
        found = [line.strip()[5:-4] for line in lines if line.strip().startswith("<!--")]
        return [text for text in found if not text.replace(".", "").isdigit()]
    return draw


def test_each_output_has_a_panel_with_training_and_test(texts, tmp_path):
    assert texts(log("a.log", tmp_path)) == ["cross, from 100 at the start", "training", "test-on-test", "iteration",
                                             "l2, from 10 at the start", "training", "test-on-test", "a.log"]


def test_a_loss_of_several_outputs_has_a_panel_of_its_own(texts, tmp_path):
    found = texts(log("a.log", tmp_path, weights=(1, 0.5)))
    assert "loss, from 100 at the start" in found


def test_several_logs_lie_over_each_other(texts, tmp_path):
    found = texts(log("a.log", tmp_path), log("b.log", tmp_path))
    assert found.count("b.log: test-on-test") == 2
    assert found[-1] == "a.log, b.log"


def test_logs_of_one_name_are_told_apart_by_their_paths(texts, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    paths = [log("a.log", tmp_path / "one"), log("a.log", tmp_path / "two")]
    assert f"{paths[1]}: training" in texts(*paths)


def test_a_loss_that_is_not_finite_is_said(texts, tmp_path):
    assert "training (not finite from iteration 20)" in texts(log("a.log", tmp_path, last=float("nan")))


def test_a_log_of_tests_alone_is_drawn(texts, tmp_path):
    rows = log("a.log", tmp_path).read_text(encoding="utf-8").splitlines(True)
    (tmp_path / "tests.log").write_text("".join(row for row in rows if "Train" not in row and ", loss" not in row))
    found = texts(tmp_path / "tests.log")
    assert found.count("test-on-test") == 2 and "training" not in found


def test_a_log_without_a_finite_value_says_so(texts, tmp_path):
    (tmp_path / "n.log").write_text("".join(LOSS.format(at, "nan") for at in range(3)))
    assert {"no value is finite", "training (not finite from iteration 0)"} <= set(texts(tmp_path / "n.log"))


@pytest.mark.parametrize("last", [30.0, 1e-6, -5.0, 1e9])
def test_any_range_of_values_can_be_drawn(texts, tmp_path, last):
    assert "training" in texts(log("a.log", tmp_path, last=last))


def test_a_log_of_one_point_can_be_drawn(texts, tmp_path):
    (tmp_path / "a.log").write_text(LOSS.format(0, 3))
    assert "loss" in texts(tmp_path / "a.log")
