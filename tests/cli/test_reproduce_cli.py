"""`cae-caffe reproduce` as a process that others end."""

import os
import signal

import pytest
import small_results

from cae_caffe import interruption
from cae_caffe.cli import main, reproduce
from cae_caffe.reproduction import archive


def test_kept_results_are_restored_before_anything_is_made(tmp_path, capsys):
    small_results.write_run(tmp_path / "results", "cae1-n2", 1)
    archive.keep(tmp_path / "results", tmp_path / "kept")
    words = ["reproduce", "--table", "2", "--out", str(tmp_path / "out"), "--restore", str(tmp_path / "kept")]
    assert main.main(words) == 0
    assert f"Restored from {tmp_path}/kept to {tmp_path}/out: 1 file, 0.0 MB." in capsys.readouterr().err
    assert (tmp_path / "out" / "runs" / "cae1-n2-seed1" / "result.json").exists()
    assert main.main([*words[:-1], str(tmp_path)]) == 2
    assert "this folder has no archive of records" in capsys.readouterr().err


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
