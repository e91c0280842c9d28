"""`cae-caffe reproduce` as a process that others end."""

import os
import signal

import pytest

from cae_caffe import interruption
from cae_caffe.cli import main, reproduce


def test_sigterm_unwinds_so_that_the_runs_under_way_end_too(monkeypatch, tmp_path):
    ended = []

    def long_work(*_, **__):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            ended.append(True)
    monkeypatch.setattr(reproduce, "reproduce", long_work)
    with pytest.raises(SystemExit) as found:
        main.main(["reproduce", "--table", "2", "--out", str(tmp_path)])
    assert found.value.code == interruption.TERMINATED and ended == [True]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
