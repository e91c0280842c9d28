"""SIGTERM while a command writes: status 143, and nothing half-written stays."""

from __future__ import annotations

import os
import signal

import pytest

from cae_caffe.cli.main import main

pytest.importorskip("torch", reason="the embedded engine runs the net")


@pytest.mark.parametrize("words", [["encode"], ["activations"], ["figure", "architecture"]], ids=" ".join)
def test_nothing_half_written_stays(words, autoencoder, tmp_path, monkeypatch):
    made = tmp_path / "made"
    made.mkdir()
    out = made / ("out.png" if words[0] == "figure" else "out.h5")
    inputs = [str(autoencoder.net)]
    if words[0] != "figure":
        inputs += [str(autoencoder.weights), "--data", str(autoencoder.data)]
    fsync = os.fsync

    def ended(descriptor):
        os.kill(os.getpid(), signal.SIGTERM)
        fsync(descriptor)
    monkeypatch.setattr(os, "fsync", ended)
    with pytest.raises(SystemExit) as status:
        main([*words, *inputs, "--out", str(out)])
    assert status.value.code == 128 + signal.SIGTERM
    assert not os.listdir(made)
