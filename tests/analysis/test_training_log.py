import gzip
import math

import pytest

from cae_caffe import InputError
from cae_caffe.analysis.log import Output, read_log

LOG = """\
I1122 11:03:05.151175  7189 solver.cpp:102] Creating training net from net file: train_test.prototxt
I1122 11:03:05.151322  7189 net.cpp:53] Initializing net from parameters:
name: "net"
state {
  phase: TRAIN
}
layer {
  include {
    stage: "of-a-layer"
  }
}
I1122 11:03:05.274000  7189 solver.cpp:190] Creating test net (#0) specified by net file: train_test.prototxt
name: "net"
state {
  phase: TEST
  stage: "test-on-train"
}
layer {
  include {
    stage: "of-a-layer"
  }
}
I1122 11:03:05.300000  7189 solver.cpp:190] Creating test net (#1) specified by net file: train_test.prototxt
I1122 11:03:05.400000  7189 solver.cpp:347] Iteration 0, Testing net (#0)
I1122 11:03:05.500000  7189 solver.cpp:401] Test loss: 700.5
I1122 11:03:05.500001  7189 solver.cpp:414]     Test net output #0: cross_entropy_loss = 700.5 (* 1 = 700.5 loss)
I1122 11:03:05.500002  7189 solver.cpp:414]     Test net output #1: l2_error = 116.8
I1122 11:03:05.500003  7189 solver.cpp:347] Iteration 0, Testing net (#1)
I1122 11:03:05.600000  7189 solver.cpp:414]     Test net output #0: cross_entropy_loss = 702.25 (* 1 = 702.25 loss)
I1122 11:03:05.700000  7189 solver.cpp:239] Iteration 0 (-1.4013e-45 iter/s, 0.389s/50 iters), loss = 701
I1122 11:03:05.700001  7189 solver.cpp:258]     Train net output #0: cross_entropy_loss = 701 (* 1 = 701 loss)
I1122 11:03:05.700002  7189 solver.cpp:258]     Train net output #1: l2_error = 1.168e+02
I1122 11:03:05.700003  7189 sgd_solver.cpp:112] Iteration 0, lr = 0.006
I1122 11:03:06.089000  7189 solver.cpp:239] Iteration 50 (128.5 iter/s, 0.389s/50 iters), loss = 210.5
I1122 11:03:06.089001  7189 solver.cpp:258]     Train net output #0: cross_entropy_loss = 210.5 (* 1 = 210.5 loss)
"""


@pytest.fixture
def read(tmp_path):
    def reader(text):
        path = tmp_path / "train.log"
        path.write_bytes(text.encode("utf-8"))
        return read_log(path)
    return reader


def curve(found):
    return dict(zip(found.iterations, found.values))


def line(iteration, loss):
    return f"I1122 11:03:06.0 1 solver.cpp:239] Iteration {iteration} (9 iter/s, 1s/50 iters), loss = {loss}\n"


def test_the_training_loss_and_outputs_are_read(read):
    log = read(LOG)
    assert curve(log.loss) == {0: 701, 50: 210.5}
    assert curve(log.train[Output(0, "cross_entropy_loss", 1)]) == {0: 701, 50: 210.5}
    assert curve(log.train[Output(1, "l2_error")]) == {0: 116.8}


def test_each_test_net_has_its_outputs(read):
    log = read(LOG)
    assert curve(log.test[0][Output(1, "l2_error")]) == {0: 116.8}
    assert curve(log.test[1][Output(0, "cross_entropy_loss", 1)]) == {0: 702.25}


def test_a_test_net_is_called_by_its_stage_or_else_its_number(read):
    log = read(LOG)
    assert [log.test_name(0), log.test_name(1)] == ["test-on-train", "test net #1"]


def test_a_resumed_run_supersedes_what_stood_from_there_on(read):
    log = read(LOG + line(100, 180) + line(137, 170) + line(150, 160) + LOG + line(100, 181) + line(150, 161))
    assert curve(log.loss) == {0: 701, 50: 210.5, 100: 181, 150: 161}
    assert log.test_name(0) == "test-on-train"


def test_the_iteration_printed_again_at_the_end_counts_once(read):
    assert curve(read(line(0, 9) + line(50, 8) + line(50, 7)).loss) == {0: 9, 50: 7}


def test_a_cut_off_last_line_is_passed_over(read):
    assert curve(read(LOG + line(100, 153.623)[:-4]).loss) == {0: 701, 50: 210.5}


def test_numbers_that_other_text_runs_into_are_passed_over(read):
    assert curve(read(LOG + line(100, "15I1122 11:03:06.1 2 x.cpp:1] hello")).loss) == {0: 701, 50: 210.5}


def test_other_text_between_the_lines_does_not_matter(read):
    assert curve(read(LOG.replace("\n", "\nW1122 mixed up \xff\r 40%|####\r")).loss) == {0: 701, 50: 210.5}


@pytest.mark.parametrize("word, check", [("nan", math.isnan), ("-nan", math.isnan), ("inf", math.isinf)])
def test_losses_that_are_not_finite_are_kept(read, word, check):
    assert check(read(line(0, word)).loss.values[0])


def test_outputs_of_one_name_are_kept_apart(read):
    text = line(0, 3) + "".join(f"x]     Train net output #{n}: loss = {n + 1} (* 1 = {n + 1} loss)\n" for n in (0, 1))
    assert [found.values for found in read(text).train.values()] == [[1], [2]]


@pytest.mark.parametrize("display, shown", [(2, [0, 2, 4]), (0, [])])
def test_real_caffes_log_is_read(caffe_run, read, tmp_path, display, shown):
    (tmp_path / "net.prototxt").write_text("""
        layer { name: "data" type: "DummyData" top: "data" dummy_data_param { shape { dim: 2 dim: 3 }
          data_filler { type: "constant" value: 1 } } }
        layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 3
          weight_filler { type: "constant" value: 1 } } }
        layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "data" top: "l2_error" }""")
    (tmp_path / "solver.prototxt").write_text(
        f'net: "net.prototxt" base_lr: 0.01 lr_policy: "fixed" display: {display} max_iter: 4 '
        'snapshot_after_train: false test_iter: 1 test_interval: 2 test_state { stage: "check" } solver_mode: CPU\n')
    done = caffe_run(["caffe", "train", "-solver", "solver.prototxt"], cwd=tmp_path)
    log = read(done.stderr)
    assert log.loss.iterations == shown
    assert log.loss.values[:1] == [6][:len(shown)]      # half the sum of (3 - 1)^2 over three units
    assert log.test_name(0) == "check"
    assert log.test[0][Output(0, "l2_error", 1)].iterations == [0, 2, 4]


@pytest.mark.parametrize("text", ["", "I1122 caffe.cpp:1] Batch 0, l2_error = 3\n",
                                  "x]     Train net output #0: loss = 1\n", line("9" * 5000, 1),
                                  "x]     Test net output #0: l = 1\n"])
def test_a_log_without_a_loss_is_named(read, text):
    with pytest.raises(InputError, match=r"train\.log: neither a line `Iteration N, loss = X` nor"):
        read(text)


def test_a_log_of_tests_alone(read):
    tests = "".join(row for row in LOG.splitlines(True) if "loss = 7" not in row or "Test net" in row)
    tests = "".join(row for row in tests.splitlines(True) if "Train net" not in row and "210.5" not in row)
    log = read(tests)
    assert log.loss.values == [] and log.train == {}
    assert curve(log.test[0][Output(0, "cross_entropy_loss", 1)]) == {0: 700.5}


def test_a_resumed_log_of_tests_alone(read):
    def tested(iteration, value):
        return f"x] Iteration {iteration}, Testing net (#0)\nx]     Test net output #0: l = {value}\n"

    log = read(tested(0, 9) + tested(10, 8) + tested(20, 7) + tested(10, 6) + tested(15, 5))
    assert curve(log.test[0][Output(0, "l")]) == {0: 9, 10: 6, 15: 5}


@pytest.mark.parametrize("encoded", [
    lambda text: text.encode("utf-16"), lambda text: b"\xfe\xff" + text.replace("\n", "\r\n").encode("utf-16-be"),
    lambda text: gzip.compress(text.encode()), lambda text: gzip.compress(text.encode("utf-16")),
    lambda text: b"\xef\xbb\xbf" + text.encode()], ids=["utf-16", "big-endian", "gzip", "both", "mark"])
def test_other_encodings(tmp_path, encoded):
    path = tmp_path / "train.log"
    path.write_bytes(encoded(LOG))
    assert curve(read_log(path).loss) == {0: 701, 50: 210.5}
    assert read_log(path).test_name(0) == "test-on-train"


def test_a_gzipped_log_that_is_cut_off_is_read_so_far(tmp_path):
    path = tmp_path / "train.log.gz"
    rows = "".join(line(at, 1000 * math.sin(at)) for at in range(20000))
    packed = gzip.compress(rows.encode())
    path.write_bytes(packed[:len(packed) // 2])
    found = read_log(path).loss.iterations
    assert found == list(range(len(found))) and len(found) > 5000


@pytest.mark.parametrize("content, reason", [
    (gzip.compress(LOG.encode())[:12], "end-of-stream"), (b"\x1f\x8bno gzip file", "method|gzip"),
    (gzip.compress(b"x" * 5000), "unpacks to more than 4096 bytes")])
def test_damaged_and_endless_gzip(tmp_path, monkeypatch, content, reason):
    monkeypatch.setattr("cae_caffe.analysis.log.MOST_BYTES", 4096)
    path = tmp_path / "train.log"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"cannot read this log: .*({reason})"):
        read_log(path)


def test_a_damaged_weight_is_passed_over(read):
    text = line(0, 3) + "x]     Train net output #0: loss = 1 (* +-.e = 1 loss)\n"
    assert list(read(text).train) == [Output(0, "loss", 0.0)]
