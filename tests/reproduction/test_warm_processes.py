"""Processes that are forked from one with PyTorch imported: they are what `python3 -m` would start."""

import os
import signal
import time

import pytest

from cae_caffe import locks
from cae_caffe.reproduction.scheduler import warm_processes as warm

pytestmark = pytest.mark.skipif(not warm.there(), reason="this system cannot fork")
MODULE = """
import os, sys, time
assert __name__ == "__main__"
print(sys.argv[1:], os.environ["GREETING"], os.environ["OMP_NUM_THREADS"], "torch" in sys.modules, os.getcwd())
sys.stdout.flush()
if "wait" in sys.argv:
    time.sleep(60)
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    (tmp_path / "some_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "log"
    log.write_text("before\n")
    started = []

    def call(*words):
        lock = locks.take(tmp_path / "locked")
        started.append(warm.WarmProcess("some_module", words, log, {"GREETING": "hello"}, lock))
        locks.release(lock)                 # it is the process's alone from here on
        return started[-1], log
    yield call
    for process in started:
        process.terminate()
        process.wait()


def test_a_module_runs_in_it_with_its_words_variables_and_folder(start, tmp_path):
    process, log = start("3", "more")
    assert process.wait() == process.poll() == process.returncode == 3
    assert log.read_text() == f"before\n['3', 'more'] hello 1 True {os.path.realpath(tmp_path)}\n"


def test_it_can_be_ended_and_has_the_lock_until_then(start, tmp_path):
    process, log = start("0", "wait")
    deadline = time.monotonic() + 60
    while "hello" not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert process.poll() is None
    assert locks.take(tmp_path / "locked") is None
    process.terminate()
    assert process.wait() == -signal.SIGTERM
    lock = locks.take(tmp_path / "locked")
    assert lock is not None
    locks.release(lock)
