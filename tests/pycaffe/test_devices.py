"""`cae-caffe device_query`: Caffe's lines for the accelerators that PyTorch sees."""

from __future__ import annotations

import types

import pytest

from cae_caffe import InputError, pycaffe
from cae_caffe.cli.main import main
from cae_caffe.engine import device, log
from cae_caffe.pycaffe import devices

PROPERTIES = types.SimpleNamespace(name="Some GPU", major=8, minor=6, total_memory=1 << 33, multi_processor_count=84,
                                   warp_size=32)


@pytest.fixture(autouse=True)
def all_messages(monkeypatch):
    monkeypatch.setattr(log, "_minimum", log.LEVELS["INFO"])


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(devices.device, "accelerator", lambda: "cuda")
    monkeypatch.setattr(devices.torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(devices.torch.cuda, "get_device_properties", lambda number: PROPERTIES)


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(devices.device, "accelerator", lambda: None)


def _messages(capsys):
    return [line.partition("] ")[2] for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize("command", ["device_query", "device-query"])
def test_a_device_is_described(command, two_gpus, capsys):
    assert main([command, "-gpu", "1"]) == 0
    assert _messages(capsys) == ["Querying GPUs 1",
                                 "Device id:                     1",
                                 "Major revision number:         8",
                                 "Minor revision number:         6",
                                 "Name:                          Some GPU",
                                 "Total global memory:           8589934592",
                                 "Warp size:                     32",
                                 "Number of multiprocessors:     84"]


def test_all_devices_unless_told(two_gpus, capsys):
    devices.query()
    assert [line[-1] for line in _messages(capsys) if line.startswith("Device id")] == ["0", "1"]


def test_a_machine_without_one_says_so(no_gpu, capsys):
    devices.query()
    assert _messages(capsys)[1].startswith("PyTorch sees no accelerator")


def test_apples_device_has_a_name(monkeypatch, capsys):
    monkeypatch.setattr(devices.device, "accelerator", lambda: "mps")
    devices.query()
    assert _messages(capsys)[1:] == ["Device id:                     0", "Name:                          Apple MPS"]


@pytest.mark.parametrize("gpus", ["2", "0,x", "-1"])
def test_a_device_that_is_not_there_is_refused(gpus, two_gpus):
    with pytest.raises(InputError, match=r"PyTorch sees 2 accelerator\(s\) on this machine, numbered from 0"):
        devices.query(gpus)


def test_the_cpu_takes_the_place_of_a_gpu_that_is_not_there_where_that_is_asked_for(monkeypatch, capsys):
    monkeypatch.setattr(device, "accelerator", lambda: None)
    monkeypatch.setattr(log, "_minimum", 0)
    with pytest.raises(InputError, match=r"caffe\.set_mode_cpu\(\) in a script\), set the variable "
                                         "CAE_CAFFE_GPU=fallback to run on the CPU"):
        pycaffe.set_mode_gpu()
    monkeypatch.setenv("CAE_CAFFE_GPU", "fallback")
    pycaffe.set_device(0)
    pycaffe.set_mode_gpu()
    assert device.mode() == "cpu" and "running on the CPU, as CAE_CAFFE_GPU=fallback says." in capsys.readouterr().err
