"""What PyTorch has no module for, with options that random layers seldom meet; and what it has is taken."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import numpy as np
import pytest
import torch
from conformance import Case, distinct, values, whole_numbers
from torch_judge import engine_run, hold, refused

from cae_caffe import to_torch
from cae_caffe.export.torch import modules


@pytest.mark.parametrize("options, kind", [
    ("kernel_size: 3 stride: 2", "MaxPool2d"), ("kernel_size: 2 stride: 3", "CaffeMaxPool"),
    ("kernel_size: 3 stride: 2 pad: 1", "MaxPool2d"), ("kernel_size: 3 pad: 2", "CaffeMaxPool"),
    ("kernel_size: 2 stride: 3 round_mode: FLOOR", "MaxPool2d"), ("kernel_size: 2 dilation: 2", "CaffeMaxPool"),
    ("global_pooling: true", "AdaptiveMaxPool2d"), ("kernel_h: 2 kernel_w: 3 stride: 2 pad: 1", "MaxPool2d")])
@pytest.mark.parametrize("tops", [1, 2])
def test_maxima(options, kind, tops):
    module = hold(Case(f'type: "Pooling" pooling_param {{ {options} }}', [distinct(2, 2, 7, 8)], tops=tops))
    assert type(module.layer).__name__ == kind


@pytest.mark.parametrize("options, kind", [
    ("kernel_size: 3 stride: 2", "AvgPool2d"), ("kernel_size: 2 stride: 3", "CaffeAvgPool"),
    ("kernel_size: 3 stride: 2 pad: 1", "AvgPool2d"), ("kernel_size: 3 stride: 2 pad: 2", "CaffeAvgPool"),
    ("kernel_size: 2 dilation: 2 pad: 1", "CaffeAvgPool"), ("global_pooling: true", "AdaptiveAvgPool2d")])
def test_averages(options, kind):
    module = hold(Case(f'type: "Pooling" pooling_param {{ pool: AVE {options} }}', [values(2, 2, 8, 8)]))
    assert type(module.layer).__name__ == kind


@pytest.mark.parametrize("pool", ["MAX", "AVE"])
@pytest.mark.parametrize("options", ["kernel_size: 2 stride: 2", "kernel_size: 3 stride: 2 pad: 2",
                                     "global_pooling: true"])
def test_volumes(pool, options):
    hold(Case(f'type: "Pooling" pooling_param {{ pool: {pool} {options} }}', [distinct(2, 2, 5, 6, 5)]))


def test_stochastic_pooling_draws_in_train_mode():
    case = Case('type: "Pooling" pooling_param { pool: STOCHASTIC kernel_size: 2 stride: 2 }',
                [values(2, 3, 6, 6, low=0.1)])
    module = hold(case).train()
    x = torch.from_numpy(case.bottoms[0])
    drawn = module(x)
    assert not torch.equal(drawn, module(x))
    assert torch.isin(drawn, x).all()


@pytest.mark.parametrize("size", [(5, 9), (11, 6)])
@pytest.mark.parametrize("text", [
    'type: "Pooling" pooling_param { kernel_size: 3 stride: 2 pad: 2 }',
    'type: "Pooling" pooling_param { pool: AVE kernel_size: 2 stride: 3 }',
    'type: "Pooling" pooling_param { kernel_size: 3 stride: 2 }',
    'type: "Pooling" pooling_param { pool: AVE global_pooling: true }',
    'type: "SPP" spp_param { pyramid_height: 2 }', 'type: "Im2col" convolution_param { kernel_size: 2 stride: 2 }',
    'type: "LRN" lrn_param { norm_region: WITHIN_CHANNEL local_size: 3 }', 'type: "MVN"'])
def test_images_of_any_size(text, size):
    net, _ = engine_run(Case(text, [values(1, 2, 8, 8)], phase="TEST"), False)
    module = to_torch(net)
    x = values(2, 2, *size)
    net.blobs["bottom0"].reshape(*x.shape)
    net.blobs["bottom0"].data[...] = x
    wanted, = net.forward().values()
    np.testing.assert_allclose(module(torch.from_numpy(x)).detach().numpy(), wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("eps", [1e-9, 0.5])
def test_mvn_of_a_constant_image_has_caffes_gradient(eps):
    x = values(2, 2, 3, 3)
    x[0, 0] = 0.5
    hold(Case(f'type: "MVN" mvn_param {{ eps: {eps} }}', [x]), tolerance=1e-4 if eps < 1e-3 else 1e-5,
         reason="a deviation of nothing but its eps, by which rounding is divided")


@pytest.mark.parametrize("type_name", ["RNN", "LSTM"])
@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("exposed", [False, True])
def test_recurrent_layers(type_name, static, exposed):
    states = {"RNN": 1, "LSTM": 2}[type_name] if exposed else 0
    cont = np.float32([[0, 1], [1, 0], [1, 1]])
    bottoms = [values(3, 2, 4), cont] + [values(2, 5)] * static + [values(1, 2, 3, seed=n) for n in range(states)]
    text = f'type: "{type_name}" recurrent_param {{ num_output: 3 expose_hidden: {str(exposed).lower()} }}'
    hold(Case(text, bottoms, tops=1 + states), batches=False)


@pytest.mark.parametrize("text, bottoms", [
    ('type: "Pooling" pooling_param { kernel_size: 3 stride: 2 pad: 2 }', [distinct(2, 2, 7, 7)]),
    ('type: "Pooling" pooling_param { pool: AVE kernel_size: 2 stride: 3 }', [values(2, 2, 7, 7)]),
    ('type: "MVN"', [values(2, 2, 3, 3)]), ('type: "SPP" spp_param { pyramid_height: 2 }', [values(2, 2, 5, 5)]),
    ('type: "ArgMax" argmax_param { top_k: 2 out_max_val: true }', [distinct(2, 5)]),
    ('type: "Crop" crop_param { axis: 2 offset: 1 }', [values(2, 2, 5, 5), values(2, 2, 3, 3)]),
    ('type: "Im2col" convolution_param { kernel_size: 2 }', [values(2, 2, 5, 5)]),
    ('type: "Reshape" reshape_param { shape { dim: 0 dim: -1 } }', [values(2, 2, 5)]),
    ('type: "BatchNorm"', [values(2, 2, 5, 5)])])
def test_torch_exports_them_for_any_batch(text, bottoms):
    hold(Case(text, bottoms), gradients=False, exported=True, floor=0.1, reason="random layers are tested so")


def test_bounded_factors_and_normalized_weights():
    hold(Case('type: "Scale" scale_param { min_value: 0.2 max_value: 0.5 bias_term: true }', [values(2, 3, 4)]))
    weight = values(2, 3)
    weight /= np.sqrt(np.square(weight).sum(1, keepdims=True) + 1e-6)
    hold(Case('type: "InnerProduct" inner_product_param { num_output: 2 normalize: true bias_term: false }',
              [values(2, 3)], params=[weight]))


def test_dropout_of_forks():
    case = Case('type: "Dropout" dropout_param { dropout_ratio: 0.25 scale_train: false }', [values(2, 3)])
    assert "self.layer(bottom0) * 0.75" in inspect.getsource(type(hold(case)))


@pytest.mark.parametrize("text, bottoms, match", [
    ('type: "Convolution" convolution_param { num_output: 1 kernel_size: 1 }', [values(1, 1, 2, 2, 2, 2)], "4 axes"),
    ('type: "Scale" scale_param { max_value: 1 }', [values(2, 3), values(3)], "`min_value` and `max_value`"),
    ('type: "BatchNorm" batch_norm_param { eps: -1 }', [values(2, 3)], "`eps` is -1")])
def test_what_has_no_form_is_refused(text, bottoms, match):
    refused(Case(text, bottoms, force_backward=False), match)


def helpers():
    for found in pkgutil.iter_modules(modules.__path__, f"{modules.__name__}."):
        module = importlib.import_module(found.name)
        yield from (each for each in vars(module).values()
                    if inspect.isclass(each) and each.__module__ == module.__name__)


@pytest.mark.parametrize("helper", list(helpers()), ids=lambda helper: helper.__name__)
def test_they_use_nothing_that_an_exported_file_lacks(helper):
    assert helper.__doc__ and issubclass(helper, torch.nn.Module)
    for function in filter(inspect.isfunction, vars(helper).values()):
        assert set(inspect.getclosurevars(function).globals) <= {"torch", "nn", "F", "math", "itertools"}


def test_constants_are_in_the_source_and_not_in_the_weights():
    filler = 'data_filler { type: "constant" value: %s }'
    case = Case('type: "DummyData" dummy_data_param { shape { dim: 2 dim: 3 } shape { dim: 1 } '
                f'{filler % 2} {filler % 0.1} }}', [], tops=2)
    module = hold(case)
    assert module.state_dict() == {} and "torch.full((1,), 0.1," in inspect.getsource(type(module))


def test_a_file_has_the_source_of_those_that_it_uses_alone():
    embedded = hold(Case('type: "Embed" embed_param { input_dim: 4 num_output: 2 }',
                         [whole_numbers(2, 3, below=4)]), gradients=False, reason="whole numbers have none")
    text = inspect.getsource(inspect.getmodule(type(embedded)))
    assert "class CaffeEmbedding(nn.Embedding):" in text and text.count("\nclass ") == 2
    assert modules.__name__ not in text
