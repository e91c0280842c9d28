"""The page of a results folder: the paper's numbers beside ours, verdicts, and what is missing said, never invented."""

import html
import json
import re

import pytest
import small_results

from cae_caffe.errors import InputError
from cae_caffe.reproduction import report
from cae_caffe.reproduction.runs.plan import Plan
from cae_caffe.reproduction.runs.variant import EVERY_THOUSAND

LOG = """Engine: embedded (PyTorch 2) on CPU
I1125 22:00:00.000000 1 solver.cpp:239] Iteration 0, loss = 700.5
I1125 22:00:01.000000 1 solver.cpp:239] Iteration 100, loss = 230.25
"""


@pytest.fixture
def page(tmp_path):
    """`page()`: the text of the report of `tmp_path` as a reader sees it, a space for every element."""
    def text():
        source = report.write(tmp_path).read_text(encoding="utf-8")
        body = re.sub(r"<(script|style)\b.*?</\1>", "", source, flags=re.DOTALL)
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))
    return text


def row_of(page_text, model, until):
    """What the page says between the first `model` of its first table of losses and `until`."""
    table = page_text.split("iterations Model Losses")[1 if model.startswith("classic") else 2]
    return table.split(model, 1)[1].split(until, 1)[0]


def test_an_empty_folder_has_a_page_that_says_so(page, tmp_path):
    text = page()
    assert "0 of 63 runs and 0 of 7 controls by real Caffe are done" in text
    assert "63 of the 63 runs at the paper's length are not done." in text
    assert "Figure 7 has not been made." in text and "There is no map yet" in text
    assert "No question has been measured yet." in text and "No run has left a curve yet." in text
    assert (tmp_path / "report.html").exists()


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="there is no such folder of results; `cae-caffe reproduce` makes it"):
        report.write(tmp_path / "nowhere")


def test_the_page_goes_where_it_is_told(tmp_path):
    assert report.write(tmp_path, tmp_path / "elsewhere" / "page.html") == tmp_path / "elsewhere" / "page.html"
    assert not (tmp_path / "report.html").exists()


def test_losses_stand_beside_the_papers_with_difference_and_verdict(page, tmp_path):
    for seed, test in ((1, (160.0, 18.0)), (2, (170.0, 19.0)), (3, (165.0, 20.0))):
        folder = small_results.write_run(tmp_path, "cae1-n2", seed, test)
        small_results.write_measures(folder, apart=6 + seed)
    row = row_of(page(), "cae1-n2", "cae1-n10")
    assert "159.47; 18.71 160.10; 18.76 159.76; 18.66 160.00; 18.00 170.00; 19.00 165.00; 20.00" in row
    # Means 165 and 19 against 159.7767 and 18.71; 160.00 lies in the paper's 159.47 to 160.10.
    assert "+3.3 %; +1.5 % ● meet" in row
    assert "paper 20 of 30 here 24 of 30" in row


@pytest.mark.parametrize("test, verdict", [((150.0, 18.0), "▼ ours lower"), ((160.2, 18.0), "▲ ours higher"),
                                           ((float("nan"), 18.0), "✕ not finite"), ((159.47, 1.0), "● meet")])
def test_verdicts_are_by_the_ranges_of_cross_entropy(page, tmp_path, test, verdict):
    small_results.write_run(tmp_path, "cae1-n2", 1, test)
    assert verdict in row_of(page(), "cae1-n2", "cae1-n10").split("test, all images")[1]


def test_short_runs_are_not_taken_for_the_papers(page, tmp_path):
    small_results.write_run(tmp_path, "classic-300-150-75-n2", 1, iterations=250)
    text = page()
    assert "0 of 63 runs" in text and "All runs here are shorter than the paper's" in text
    assert "250 iterations" in row_of(text, "classic-300-150-75-n2", "classic-300-150-75-n10")
    assert "▲ ours higher, short runs" in text
    small_results.write_run(tmp_path, "classic-300-150-75-n2", 2, (157.0, 18.0))     # a long one alone is counted now
    text = page()
    assert "1 of 63 runs" in text and "short runs" not in text and "All runs here" not in text


def test_other_nets_and_changed_ones_are_in_no_table(page, tmp_path):
    small_results.write_run(tmp_path, "siamese", 1, (0.05, 0.0), iterations=50000, train={})
    small_results.write_run(tmp_path, "cae1-n2", 1, variant={"name": "batch50", "what": "batches of 50 images"})
    text = page()
    assert "0 of 63 runs" in text and "siamese, which has another loss" in text and "batches of 50" not in text


def test_real_caffe_is_a_control_beside_our_runs(page, tmp_path):
    small_results.write_run(tmp_path, "cae1-n30", 1, (97.0, 7.6))
    small_results.write_run(tmp_path, "cae1-n30", 1, (120.0, 9.9), engine="real Caffe 1.0.0 on CPU")
    text = page()
    assert "1 of 63 runs and 1 of 7 controls" in text
    row = row_of(text, "cae1-n30", "cae2-n2").split("test, all images")[1]
    # The control is shown and not counted.
    assert "97.00; 7.60 real Caffe 120.00; 9.90 −0.8 %; −1.2 % ● meet" in row


def test_tests_at_the_iteration_of_the_training_losses_stand_below(page, tmp_path):
    small_results.write_run(tmp_path, "cae1-n30", 1, (97.0, 7.6))
    small_results.write_run(tmp_path, "cae1-n30", 1, (120.0, 9.9), engine="real Caffe 1.0.0 on CPU")
    assert "test, iteration 19000" not in page()
    run = Plan(tmp_path).question_run("cae1-n30", 1, EVERY_THOUSAND)
    run.folder.mkdir(parents=True)
    (run.folder / "result.json").write_text(json.dumps({
        "iterations": 20000, "test": {}, "curves": {"loss": [[19000, 1.0]], "test": {
            "cross_entropy_loss": [[19000, 99.0]], "l2_error": [[19000, 8.0]]}}}))
    row = row_of(page(), "cae1-n30", "cae2-n2").split("test, iteration 19000")[1]
    assert "96.80; 7.53 99.00; 8.00 +1.2 %; +4.0 % ▲ ours higher" in row        # and nothing of real Caffe


def test_a_run_under_way_says_how_far_it_is(page, tmp_path):
    folder = tmp_path / "runs" / "cae2-n2-seed2"
    folder.mkdir(parents=True)
    (folder / "train.log").write_text(LOG, encoding="utf-8")
    (folder / "solver.prototxt").write_text("max_iter: 20000", encoding="utf-8")
    text = page()
    assert "1 is under way or cut off." in text
    assert "cae2-n2, seed 2: at 100 of 20000 iterations." in text
    assert "unfinished, at 100 of 20000" in row_of(text, "cae2-n2", "cae2-n10")


@pytest.mark.parametrize("name, content", [("runs/cae1-n2-seed1/result.json", "{"), ("questions/batch.json", "nothing"),
                                           ("runs/cae1-n2-seed1/result.json", "{}"), ("map.json", "[]")])
def test_a_file_that_cannot_be_read_is_told_and_stops_nothing(page, tmp_path, name, content):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(content, encoding="utf-8")
    text = page()
    assert "1 of the files could not be read; see the end." in text
    assert re.search(rf"Not readable: \S*{name}: .*delete it to have", text)


def test_a_question_has_its_answer_and_its_spread(page, tmp_path):
    small_results.write_question(tmp_path)
    text = page()
    assert "The batch size Which batch size? A hundred <images>." in text
    assert "98.00; 7.30 96.00 to 100.00; 7.10 to 7.50" in text      # the mean over five seeds, and its range
    assert "97.8; 7.69" in text


def test_an_arm_of_several_models_has_a_row_for_each(page, tmp_path):
    small_results.write_question(tmp_path)
    path = tmp_path / "questions" / "batch.json"
    question = json.loads(path.read_text())
    question["arms"][0]["runs"].append({"model": "cae2-n30", "seed": 1, "test": [72.0, 3.9]})
    path.write_text(json.dumps({**question, "rule": "The lower wins.", "rule_label": "Rule, fixed beforehand",
                                "complete": False}), encoding="utf-8")
    text = page()
    assert "cae1-n30 5 95.00; 7.00" in text and "cae2-n30 1 not measured not measured 72.00; 3.90" in text
    assert "Rule, fixed beforehand: The lower wins. Not all of its runs are done." in text


def test_a_question_of_few_words_is_shown_as_far_as_it_goes(page, tmp_path):
    (tmp_path / "questions").mkdir()
    (tmp_path / "questions" / "relu.json").write_text('{"arms": [{"name": "ReLU", "runs": [{"test": [null, 3]}]}, {}]}',
                                                      encoding="utf-8")
    text = page()
    assert "relu Not answered yet." in text and "not measured" in text


def test_the_papers_accounts_are_exact_but_for_table_1(page):
    text = page()
    assert "584254 585036 ▲ +782 parameters" in text and "15967504 15968286 ▲ +782 parameters" in text
    assert "3996 3996 74893 74893 ● exact" in text and "7990 7990 297391 297391 ● exact" in text
    assert "encoder part 147740 264 148004 ● 148004" in text


def test_all_is_in_the_one_file(tmp_path):
    small_results.write_figure(tmp_path, "fig1.png")
    small_results.write_figure(tmp_path, "fig7-digit3.png")
    source = report.write(tmp_path).read_text(encoding="utf-8")
    links = re.findall(r'(?:src|href)="([^"#][^"]{0,20})', source)
    assert len(links) == 3 and all(link.startswith("data:") for link in links)      # two figures and no icon
    assert "http" not in source.replace("http-equiv", "") and "@import" not in source and "url(" not in source
    assert "The same for a 3" in source
