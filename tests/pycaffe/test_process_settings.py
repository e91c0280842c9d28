"""pycaffe's calls that concern the whole process: the log, several solvers, the stop watch."""

from __future__ import annotations

import pytest

from cae_caffe import InputError, pycaffe
from cae_caffe.engine import log
from cae_caffe.pycaffe import timer


@pytest.fixture(autouse=True)
def all_messages(monkeypatch):
    monkeypatch.setattr(log, "_minimum", log.LEVELS["INFO"])


def test_a_level_drops_what_is_below(capsys):
    pycaffe.init_log()
    pycaffe.log("seen")
    pycaffe.init_log(1)
    pycaffe.log("dropped")
    pycaffe.init_log(0, True)
    pycaffe.log("seen again")
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("] ")[2] for line in lines] == ["seen", "seen again"]


def test_without_a_level_the_level_stays(capsys):
    pycaffe.init_log(2)
    pycaffe.init_log()
    pycaffe.log("dropped")
    assert capsys.readouterr().err == ""


def test_one_solver_is_the_only_one(real_caffe):
    source = ("import caffe\ndef main():\n"
              "    return caffe.solver_count(), caffe.solver_rank(), caffe.has_nccl(), caffe.set_multiprocess(False)")
    assert (pycaffe.solver_count(), pycaffe.solver_rank(), pycaffe.has_nccl(),
            pycaffe.set_multiprocess(True)) == tuple(real_caffe(source)) == (1, 0, False, None)
    pycaffe.set_solver_count(1)
    pycaffe.set_solver_rank(0)


@pytest.mark.parametrize("call, message", [
    (lambda: pycaffe.set_solver_count(2), r"set_solver_count\(2\): .* one solver; .*other seeds"),
    (lambda: pycaffe.set_solver_rank(1), r"set_solver_rank\(1\): .* rank 0"),
    (pycaffe.NCCL.new_uid, "several GPUs is not supported"),
    (lambda: pycaffe.NCCL(None, "uid"), "several GPUs is not supported"),
])
def test_several_solvers_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


@pytest.fixture
def clock(monkeypatch):
    """Seconds that `timer` sees, one after the other."""
    seconds = []
    monkeypatch.setattr(timer, "_now", lambda: seconds.pop(0))
    return seconds


def test_a_timer_counts_whole_milliseconds(clock):
    clock[:] = [10.0, 10.0127]
    watch = pycaffe.Timer()
    watch.start()
    watch.stop()
    assert watch.ms == 12.0


def test_reading_a_timer_stops_it_and_starting_twice_does_nothing(clock):
    clock[:] = [1.0, 1.5, 3.0, 3.25]
    watch = pycaffe.Timer()
    watch.start()
    watch.start()
    assert watch.ms == watch.ms == 500
    watch.start()
    assert watch.ms == 250


def test_a_timer_that_never_ran_is_zero(capsys):
    assert pycaffe.Timer().ms == 0
    assert "Timer has never been run" in capsys.readouterr().err
