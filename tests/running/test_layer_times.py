"""`cae-caffe time` prints what `caffe time` prints, but for the numbers."""

from __future__ import annotations

import re
import types

import pytest
from two_engines import LOG_ALL, log_lines

from cae_caffe import InputError, pycaffe
from cae_caffe.cli.main import main
from cae_caffe.engine import log
from cae_caffe.running import layer_times

NET = """
name: "timed"
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 8 dim: 4 } } }
layer { name: "a_long_name_of_a_layer" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 3
  weight_filler { type: "xavier" } } }
layer { name: "act" type: "Sigmoid" bottom: "y" top: "y" }
layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "y" top: "loss"
  include { phase: TRAIN not_stage: "bare" } }
layer { name: "score" type: "TanH" bottom: "y" top: "score" include { phase: TEST } }
"""


@pytest.fixture
def model(tmp_path):
    (tmp_path / "net.prototxt").write_text(NET)
    return str(tmp_path / "net.prototxt")


@pytest.fixture(autouse=True)
def all_messages(monkeypatch):
    monkeypatch.setattr(log, "_minimum", log.LEVELS["INFO"])


def _shape_of(err: str) -> list[str]:
    """The lines of a log, every number of their messages a #."""
    lines = [line.partition("] ") for line in log_lines(err)]
    return [place + re.sub(r"\d+(\.\d+)?(e-?\d+)?", "#", message) for place, _, message in lines]


@pytest.mark.parametrize("flags", [["-iterations", "2"], ["-iterations=1", "-phase", "TEST"],
                                   ["--iterations=1", "-stage=bare"]])
def test_the_log_is_real_caffes(flags, model, caffe_run, capsys):
    theirs = caffe_run(["caffe", "time", "-model", model, *flags], env=LOG_ALL).stderr
    assert main(["time", "-model", model, *flags, "--backend", "torch"]) == 0
    ours = _shape_of(capsys.readouterr().err)
    assert ours == _shape_of(theirs)
    assert "I toola_long_name_of_a_layer\tforward: # ms." in ours and "I tool       act\tbackward: # ms." in ours


def test_whole_milliseconds_on_the_cpu(model, capsys):
    layer_times.time_layers(pycaffe, model, iterations=2)
    err = capsys.readouterr().err
    assert re.search(r"Iteration: 2 forward-backward time: \d+ ms\.", err) and re.search(r"Total Time: \d+ ms\.", err)


def test_real_caffe_is_timed_too(model, real_caffe):
    source = ("import caffe\nfrom cae_caffe.running import layer_times\n"
              "def main(model):\n    return layer_times.time_layers(caffe, model, iterations=2)")
    means = real_caffe(source, model=model)
    assert list(means) == list(layer_times.time_layers(pycaffe, model, iterations=2))
    assert all(forward >= 0 and backward >= 0 for forward, backward in means.values())


class _Net:
    """Two layers, which take 1 and 2 seconds forward and twice that backward on `clock`."""

    def __init__(self, clock, *arguments, **options):
        self._clock, self.layers, self._layer_names = clock, [None, None], ["one", "two"]
        self.calls = {name: [] for name in ("before_forward", "after_forward", "before_backward", "after_backward")}
        for name, callbacks in self.calls.items():
            setattr(self, name, callbacks.append)

    def _forward(self, start, end):
        self._walk("forward", range(start, end + 1), 1)
        return 0.0

    def _backward(self, start, end):
        self._walk("backward", range(start, end - 1, -1), 2)

    def _walk(self, direction, layers, factor):
        for layer in layers:
            for callback in self.calls[f"before_{direction}"]:
                callback(layer)
            self._clock[0] += (layer + 1) * factor
            for callback in self.calls[f"after_{direction}"]:
                callback(layer)


def test_means_are_per_pass_without_the_first(model, monkeypatch):
    clock, lines = [0.0], []
    backend = types.SimpleNamespace(log=lines.append, TRAIN=0, TEST=1, set_mode_cpu=lambda: None,
                                    Net=lambda *arguments, **options: _Net(clock))
    monkeypatch.setattr(layer_times.time, "perf_counter", lambda: clock[0])
    assert layer_times.time_layers(backend, model, iterations=4) == {"one": (1000, 2000), "two": (2000, 4000)}
    assert lines[-5:] == ["Average Forward pass: 3000 ms.", "Average Backward pass: 6000 ms.",
                          "Average Forward-Backward: 9000 ms.", "Total Time: 36000 ms.", "*** Benchmark ends ***"]


def test_no_iterations_are_refused(model):
    with pytest.raises(InputError, match="-iterations 0 measures nothing"):
        layer_times.time_layers(pycaffe, model, iterations=0)
