"""What PyTorch has no module for computes in the type and on the device of its tensors, as PyTorch's own do."""

from __future__ import annotations

import copy
import importlib
import inspect
import pkgutil

import pytest
import torch

from cae_caffe.export.torch import modules
from cae_caffe.export.torch.modules import (
    augmentation,
    bn,
    choice,
    combining,
    connected_component,
    embedding,
    factors,
    flow,
    inner_product,
    meanfield,
    normalization,
    normalize,
    order,
    pooling,
    proposal,
    recurrent,
    regions,
    resizing,
    ssd,
    unpooling,
    windows,
    yolo,
)

ONES, TWOS, THREES = (1, 1), (2, 2), (3, 3)
GENERATOR = torch.Generator().manual_seed(0)
IMAGES = torch.rand(2, 4, 6, 6, generator=GENERATOR) + 0.1
FLOW = 2 * torch.rand(2, 2, 6, 6, generator=GENERATOR)
MASK = torch.arange(0, 36, 4).float().reshape(1, 1, 3, 3).expand(2, 4, 3, 3)
BOXES = torch.tensor([[0.1, 0.1, 0.5, 0.5], [0.4, 0.4, 0.9, 0.8]])
PRIORS = torch.stack([BOXES.flatten(), torch.full((8,), 0.1)]).unsqueeze(0)
REGIONS = torch.tensor([[0.0, 0, 0, 3, 3], [1, 1, 1, 5, 4]])
OF_RPN = IMAGES[:1], FLOW.reshape(1, 4, 6, 6).repeat(1, 2, 1, 1), torch.full((1, 3), 48.0)
STEPS = torch.rand(3, 2, 4, generator=GENERATOR), torch.ones(3, 2)
ANCHORS, RPN = ((1, 2),), (8, (0.5, 1), (1,), 8, 4, 30, 5, 0.5)
MAPS = {values: torch.rand(2, values, 3, 3, generator=GENERATOR) for values in (7, 11)}

ELEMENTWISE = [
    (augmentation.CaffeMeanImage((2, 3, 4)), IMAGES), (augmentation.CaffeRunningMean((4, 6, 6), True), IMAGES),
    (augmentation.CaffeCenterCut((3, 4)), IMAGES), (bn.CaffeBatchStatistics(4, 1e-3), IMAGES),
    (bn.CaffeFrozenBatchNorm(4, 1e-3), IMAGES), (choice.CaffeArgMax(2), IMAGES[:, :, 0, 0]),
    (combining.CaffeMergeCrop(), IMAGES[..., :4, :4], IMAGES), (combining.CaffeAffinity(), IMAGES),
    (embedding.CaffeEmbedding(4, 3), torch.tensor([1, 3])), (factors.CaffeBias(4), IMAGES),
    (factors.CaffeScale(4), IMAGES), (factors.CaffeBoundedScale(4, least=0.2, most=0.5), IMAGES),
    (flow.CaffeCorrelation(1, 2, pad=2), IMAGES, IMAGES.flip(3)), (flow.CaffeFlowWarp(), IMAGES, FLOW),
    (flow.CaffeCorrelation1d(1, 2, pad=2, subtract=True), IMAGES, IMAGES.flip(3)),
    (inner_product.CaffeTransposedLinear(6, 2), IMAGES), (inner_product.CaffeNormalizedLinear(6, 2), IMAGES),
    (normalization.CaffeLRNWithinChannel(3, 1, 0.75), IMAGES), (normalization.CaffeMVN(False, True, 1e-3), IMAGES),
    (normalization.CaffeBatchNorm(4, 1e-3, 0.1), IMAGES), (normalization.CaffeBatchNorm(4, 1e-3, 0.1, "batch"), IMAGES),
    (normalization.CaffeBatchNorm(4, 1e-3, 0.1, "running"), IMAGES), (normalize.CaffeNormalize(4, 1e-3), IMAGES),
    (normalize.CaffeUnitVectors(), IMAGES), (order.CaffeReorg(2), IMAGES),
    (pooling.CaffeMaxPool(THREES, TWOS, TWOS, ONES), IMAGES), (pooling.CaffeAvgPool(TWOS, THREES, ONES, ONES), IMAGES),
    (pooling.CaffeStochasticPool(TWOS, TWOS, (0, 0), ONES), IMAGES), (recurrent.CaffeRNN(4, 3), *STEPS),
    (recurrent.CaffeLSTM(4, 3), *STEPS), (recurrent.CaffeLSTMUnit(), STEPS[0][:1, :, :1], STEPS[0][:1], STEPS[1][:1]),
    (resizing.CaffeAccum(), IMAGES, IMAGES[..., :4]), (resizing.CaffeResample("nearest", (3, 4)), IMAGES),
    (resizing.CaffeResample("linear", (3, 4), True), IMAGES), (resizing.CaffeResample("cubic", (9, 7)), IMAGES),
    (resizing.CaffeDownsample((3, 4)), IMAGES), (ssd.CaffePriorBox((2,), (), (), (1, 2, 3, 4)), IMAGES, IMAGES),
    (unpooling.CaffePutBack((6, 6)), IMAGES[..., :3, :3], MASK), (unpooling.CaffePutAtBeginnings((9, 9), TWOS), IMAGES),
    (unpooling.CaffeSpread((9, 9), THREES, TWOS, True), IMAGES), (windows.CaffeSPP(2, pooling.CaffeMaxPool), IMAGES),
    (windows.CaffeIm2col(TWOS, ONES, ONES, ONES), IMAGES)]
LOOPING = [         # how much is computed depends on the values, which a device without any cannot have
    (connected_component.CaffeConnectedComponent(), IMAGES.round()), (regions.CaffeROIPool(TWOS, 1), IMAGES, REGIONS),
    (meanfield.CaffeMeanfield(4, 1, 16, 1, 3), IMAGES, IMAGES, IMAGES[:, :3]),
    (regions.CaffePSROIPool(1, 2, 1), IMAGES, REGIONS), (proposal.CaffeProposalLayer(*RPN), *OF_RPN),
    (proposal.CaffeProposal(*RPN), *OF_RPN),
    (ssd.CaffeDetectionOutput(2), torch.zeros(1, 8), IMAGES[:1, 0, 0, :4], PRIORS),
    (ssd.CaffeShrinkingDetectionOutput(2, eta=0.9), torch.zeros(1, 8), IMAGES[:1, 0, 0, :4], PRIORS),
    (yolo.CaffeYolov2Boxes(2, ANCHORS, 0.1, 0.5), MAPS[7]),
    (yolo.CaffeYolov3Boxes(2, [ANCHORS], [8], 0.1, 0.5), MAPS[7]),
    (yolo.CaffeGaussianYolov3Boxes(2, [ANCHORS], [8], 0.1, 0.5), MAPS[11])]
WITHOUT_HALF = [    # PyTorch's own distances have none
    (combining.CaffeInnerDistance(vectors=(3, 6), axis=3), IMAGES),
    (combining.CaffeCenterDistance(vectors=(3, 4)), IMAGES[:, :, 0, 0], torch.ones(2))]


EVERYWHERE = pytest.mark.parametrize("case", ELEMENTWISE, ids=lambda case: type(case[0]).__name__)
HALVES = pytest.mark.parametrize("case", ELEMENTWISE + LOOPING, ids=lambda case: type(case[0]).__name__)
ALL = pytest.mark.parametrize("case", ELEMENTWISE + LOOPING + WITHOUT_HALF, ids=lambda case: type(case[0]).__name__)


def outputs(case, kind=torch.float32, device="cpu") -> tuple[torch.Tensor, ...]:
    """What a copy of the case's module gives in this type on this device; its parameters are random, and the same."""
    module, *inputs = case
    module = copy.deepcopy(module).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.uniform_(0.1, 1, generator=generator)
        found = module.to(device, kind)(*(x.to(device, kind if x.is_floating_point() else x.dtype) for x in inputs))
    return found if isinstance(found, tuple) else (found,)


def test_every_module_has_a_case():
    classes = {each for found in pkgutil.iter_modules(modules.__path__, f"{modules.__name__}.")
               for each in vars(importlib.import_module(found.name)).values() if inspect.isclass(each)}
    tried = [type(case[0]) for case in ELEMENTWISE + LOOPING + WITHOUT_HALF]
    bases = {each for each in classes if any(each in kind.__mro__[1:] for kind in classes)}
    assert {each for each in classes if each.__module__.startswith(modules.__name__)} <= bases | set(tried)


@ALL
def test_double_precision_is_kept(case):
    for single, double in zip(outputs(case), outputs(case, torch.float64)):
        assert double.dtype == torch.float64
        torch.testing.assert_close(single.double(), double, rtol=1e-4, atol=1e-5)      # of single precision


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
@HALVES
def test_half_precision_is_kept(case, kind):
    assert {found.dtype for found in outputs(case, kind)} == {kind}


@EVERYWHERE
def test_no_tensor_is_left_on_another_device(case):
    for found, wanted in zip(outputs(case, device="meta"), outputs(case)):
        assert (found.device.type, found.shape, found.dtype) == ("meta", wanted.shape, wanted.dtype)
