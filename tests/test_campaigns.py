"""scripts/reliability: its short form holds, and it tells what does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cae_caffe.running.processes import this_python

ROOT = Path(__file__).resolve().parents[1]
pytest.importorskip("torch", reason="the embedded engine trains")


def campaigns(*words):
    variables = this_python().variables
    path = f"{variables['PYTHONPATH']}:{ROOT / 'scripts'}:{ROOT / 'tests' / 'support'}"
    return subprocess.run([sys.executable, "-m", "campaigns", *words], cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, check=False,
                          env={**variables, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"})


def test_kills_hold():
    done = campaigns("kills", "--count", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("All held.\n")
    assert "| kills | held | " in done.stdout and "| 4 kills in 1 chains" in done.stdout


def test_an_unknown_campaign_is_told():
    done = campaigns("floods")
    assert done.returncode == 2
    assert "there is no campaign floods; choose from kills, calls, power, disk, long" in done.stderr


@pytest.mark.long
def test_failing_system_calls_and_a_long_run_hold():
    done = campaigns("calls", "long")
    assert done.returncode == 0, done.stdout + done.stderr
