"""PyTorch modules of single layers, and of nets, held against the engine: outputs, gradients, any batch, torch.export.

    from torch_judge import hold

    hold(Case('type: "Tile" tile_param { axis: 1 tiles: 2 }', [values(2, 3)]))

The case is run in phase TEST on the engine, forward and backward, and by the module that to_torch makes of its net.
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
import torch
from conformance import Agreement, Case, _difference, net_and_results
from conformance_runner import TOP_DIFF_SEED, UNWRITTEN, _uniform

from cae_caffe import to_torch
from cae_caffe.engine import log
from cae_caffe.errors import InputError
from cae_caffe.export.deploy import Deployed, deploy
from cae_caffe.export.torch.convert import module_of
from cae_caffe.export.torch.source import source

Tensors = dict[str, torch.Tensor]

OUTPUTS = 1e-6      # of the largest value: both compute with the same kernels, or nearly
GRADIENTS = 1e-5    # sums over more values, in another order


def hold(case: Case, *, batches: bool = True, gradients: bool = True, exported: bool = False, reason: str = "",
         **exceptions) -> torch.nn.Module:
    """Fail unless the module of `case` gives the engine's outputs and gradients; returns it.

    `batches`: it is asked for one row more, too. `gradients` False, or `exceptions` (Agreement's, for outputs and
    gradients), need a `reason`. `exported`: torch.export's program for any batch gives the same.
    """
    if (exceptions or not gradients) and not reason:
        raise ValueError(f"State the reason for {exceptions or 'no gradients'}.")
    case = dataclasses.replace(case, phase="TEST", passes=1, then=())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "_minimum", log.LEVELS["ERROR"])
        return _hold(case, batches, gradients, exported, exceptions)


def _hold(case: Case, batches: bool, gradients: bool, exported: bool, exceptions: dict) -> torch.nn.Module:
    net, results = engine_run(case, gradients)
    form = deploy(net)
    module = module_of(form)
    inputs, outputs = _run(module, form, case)
    _compare(case, outputs, results, Agreement(**{"tolerance": OUTPUTS, **exceptions}))
    if gradients and all(np.isfinite(results[name]).all() for name in outputs):
        found = _gradients(module, net, form, inputs, outputs)
        asked = [name for name in found if name in results and not (results[name] == UNWRITTEN).all()]
        _compare(case, {name: found[name] for name in asked}, results,
                 Agreement(**{"tolerance": GRADIENTS, "floor": 1e-2, **exceptions}))
    if batches and inputs and all(value.dim() for value in inputs.values()):
        _hold_another_batch(case, module, net, form, Agreement(**{"tolerance": OUTPUTS, **exceptions}))
    if exported:
        _hold_exported(case, module, form)
    return module


def refused(case: Case, match: str) -> None:
    """Fail unless the case's layer is refused by the exporter, in a sentence with the pattern `match`."""
    net, _ = engine_run(dataclasses.replace(case, phase="TEST", passes=1, then=()), backward=False)
    with pytest.raises(InputError) as caught:
        to_torch(net)
    assert re.search(match, str(caught.value)), str(caught.value)


def engine_run(case: Case, backward: bool):
    """The net of `case`, and what the engine gives for it, as of run_embedded."""
    return net_and_results(dataclasses.replace(case, backward=backward))


def _run(module: torch.nn.Module, form: Deployed, case: Case) -> tuple[Tensors, Tensors]:
    """Inputs, of which gradients are wanted, and outputs, by the results' names."""
    arrays = case._named(case.bottoms, "bottom")
    inputs = {name: torch.tensor(arrays[name], requires_grad=True) for name in form.net.inputs}
    found = module(*inputs.values())
    found = found if isinstance(found, tuple) else (found,)
    return inputs, {f"{name}.data": value for name, value in zip(form.outputs, found)}


def _gradients(module, net, form: Deployed, inputs, outputs) -> Tensors:
    """The gradients of inputs and parameters, by the results' names, for the runner's top diffs."""
    diffs = {f"{name}.data": torch.from_numpy(_uniform(TOP_DIFF_SEED + number, net.blobs[name].data.shape, ()))
             for number, name in enumerate(net.outputs)}
    wanted = [(value, diffs[name]) for name, value in outputs.items() if value.requires_grad]
    if wanted:
        torch.autograd.backward(*zip(*wanted))
    found = {f"{name}.diff": value.grad for name, value in inputs.items()}
    tensors = source(form).tensors
    parameters = dict(module.named_parameters())
    for name, tensor in tensors.items():
        if name in parameters and tensor.weight is not None:
            grad = parameters[name].grad
            found[f"{tensor.weight.layer}[{tensor.weight.index}].diff"] = \
                None if grad is None else grad.reshape(tuple(tensor.weight.shape))
    return {name: value for name, value in found.items() if value is not None}


def _compare(case: Case, found, wanted, agreement: Agreement) -> None:
    for name, value in found.items():
        complaint = _difference(value.detach().numpy(), np.asarray(wanted[name]), agreement)
        if complaint:
            pytest.fail(f"The module differs from the engine in {name}: {complaint} (the engine's)\n{case.prototxt}",
                        pytrace=False)


def _hold_another_batch(case: Case, module, net, form: Deployed, agreement: Agreement) -> None:
    """With one row more, if the net can have it."""
    arrays = case._named(case.bottoms, "bottom")
    first = next(iter(arrays.values())).shape[:1]
    wider = {name: np.concatenate([array, array[:1]]) if array.shape[:1] == first else array
             for name, array in arrays.items()}
    try:
        for name, array in wider.items():
            net.blobs[name].reshape(*array.shape)
            net.blobs[name].data[...] = array
        net.forward()
    except InputError:
        return
    other = dataclasses.replace(case, bottoms=wider if case.is_net else list(wider.values()))
    results = {f"{name}.data": net.blobs[name].data for name in form.outputs}
    _compare(other, _run(module, form, other)[1], results, agreement)


def _hold_exported(case: Case, module, form: Deployed) -> None:
    arrays = case._named(case.bottoms, "bottom")
    given = tuple(torch.from_numpy(arrays[name]) for name in form.net.inputs)
    batch = torch.export.Dim("batch")
    program = torch.export.export(module, given, dynamic_shapes=tuple({0: batch} for _ in given))
    for more in (0, 1):
        wider = tuple(torch.cat([value, value[:more]]) for value in given)
        torch.testing.assert_close(program.module()(*wider), module(*wider), rtol=1e-5, atol=1e-6)
