"""Out of memory: told with the layer, on the host before the kernel acts, on a GPU with what is free there."""

from __future__ import annotations

import pytest
import torch

from cae_caffe import InputError, RunError
from cae_caffe.engine import out_of_memory

NET = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 100 dim: 1000 } } }
layer { name: "s" type: "Sigmoid" bottom: "x" top: "s" }
"""


@pytest.fixture
def small_machine(monkeypatch):
    monkeypatch.setattr(out_of_memory, "LARGE", 100000)
    monkeypatch.setattr(out_of_memory, "spare_memory_and_swap", lambda: 300000)


def test_a_layer_whose_blob_is_larger_than_what_is_free_is_refused_in_passing(build_train_net, small_machine):
    net = build_train_net(NET)
    with pytest.raises(RunError, match=r"^layer `s` .*: out of memory: 390\.6 KiB were asked for, and 293 KiB are "
                                       r"free on this machine.*\. Take a smaller batch_size or num_output, or end "):
        net.forward()


def test_a_pass_back_names_its_layer_too(build_train_net, monkeypatch):
    net = build_train_net("force_backward: true\n" + NET)
    net.forward()
    monkeypatch.setattr(net.layers[1], "backward", lambda *_: torch.empty(2**50))
    with pytest.raises(RunError, match=r"^layer `s` \(type Sigmoid, .*: out of memory: 4096 TiB were asked for"):
        net.backward()


def test_a_gpu_says_what_is_free_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (2**30, 2**34))
    error = torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity")
    with pytest.raises(RunError) as caught:
        out_of_memory.tell(error, "layer `a`", torch.device("cuda", 0))
    assert str(caught.value) == ("layer `a`: out of memory: 20 MiB were asked for, and 1 GiB of 16 GiB are free on the "
                                 "GPU. Take a smaller batch_size, another GPU (-gpu), or the CPU.")


@pytest.mark.parametrize("error", [InputError("can't allocate memory"), RuntimeError("other sizes"), ValueError()])
def test_other_errors_pass(error):
    with pytest.raises(type(error)) as caught, out_of_memory.named("layer `a`", torch.device("cpu")):
        raise error
    assert caught.value is error


def test_small_memory_is_given_without_a_look(monkeypatch):
    monkeypatch.setattr(out_of_memory, "spare_memory_and_swap", lambda: pytest.fail("looked"))
    out_of_memory.check(1000, torch.device("cpu"))
