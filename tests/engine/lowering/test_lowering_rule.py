"""Which kernel a shape gets."""

from __future__ import annotations

import dataclasses

import pytest

from cae_caffe.engine.lowering import (
    BandKernel,
    Candidate,
    ConvolutionGeometry,
    MatmulKernel,
    NativeKernel,
    PlaneKernel,
    UnfoldKernel,
    choose,
    register,
    rule,
)
from cae_caffe.engine.lowering.measure import paper_layers
from cae_caffe.errors import InputError

INTENDED = {"conv1": BandKernel, "conv2": BandKernel, "deconv2": MatmulKernel, "deconv1": BandKernel,
            "deconv1neur": PlaneKernel}
CONV2 = ConvolutionGeometry(False, 100, 4, 20, 20, 2, (9, 9))
LENET_CONV1 = ConvolutionGeometry(False, 64, 1, 28, 28, 20, (5, 5), needs_bottom_diff=False)
ORDINARY = {
    "LeNet conv2": ConvolutionGeometry(False, 64, 20, 12, 12, 50, (5, 5)),
    "CIFAR-10 quick conv1": ConvolutionGeometry(False, 100, 3, 32, 32, 32, (5, 5), pad=(2, 2), needs_bottom_diff=False),
    "CIFAR-10 quick conv2": ConvolutionGeometry(False, 100, 32, 16, 16, 32, (5, 5), pad=(2, 2)),
    "CIFAR-10 quick conv3": ConvolutionGeometry(False, 100, 32, 8, 8, 64, (5, 5), pad=(2, 2)),
    "AlexNet conv1": ConvolutionGeometry(False, 256, 3, 227, 227, 96, (11, 11), (4, 4), needs_bottom_diff=False),
    "1x1 between many channels": ConvolutionGeometry(False, 100, 64, 14, 14, 64, (1, 1)),
}


@pytest.mark.parametrize("name", paper_layers())
def test_layers_of_the_paper_are_lowered(name):
    assert type(choose(paper_layers()[name])) is INTENDED[name.split()[-1]]


@pytest.mark.parametrize("name", ORDINARY)
def test_layers_of_ordinary_nets_stay_native(name):
    assert type(choose(ORDINARY[name])) is NativeKernel


def test_images_of_one_channel_are_unfolded():
    assert type(choose(LENET_CONV1)) is UnfoldKernel


@pytest.mark.parametrize("change", [{"stride": (2, 2)}, {"in_channels": 2},
                                    {"transposed": True}, {"out_channels": 6}])
def test_what_unfolding_does_not_pay_for_stays_native(change):
    assert type(choose(dataclasses.replace(LENET_CONV1, **change))) is NativeKernel


@pytest.mark.parametrize("change", [{"group": 2}, {"dilation": (2, 2)}, {"dilation": (1, 2)}])
def test_what_the_lowering_does_not_know_stays_native(change):
    assert type(choose(CONV2)) is BandKernel
    assert type(choose(dataclasses.replace(CONV2, **change))) is NativeKernel


def test_native_by_force_and_on_any_other_device():
    assert type(choose(CONV2, force_native=True)) is NativeKernel
    assert type(choose(CONV2, device="cuda:0")) is NativeKernel


def test_the_environment_forces_native_kernels(monkeypatch):
    monkeypatch.setenv("CAE_CAFFE_KERNELS", "native")
    assert type(choose(CONV2)) is NativeKernel
    monkeypatch.setenv("CAE_CAFFE_KERNELS", "")
    assert type(choose(CONV2)) is BandKernel
    monkeypatch.setenv("CAE_CAFFE_KERNELS", "natvie")
    with pytest.raises(InputError, match="CAE_CAFFE_KERNELS is `natvie`; set it to `native`"):
        choose(CONV2)


def test_a_kernel_as_large_as_the_padded_image_is_a_matrix_product():
    assert type(choose(ConvolutionGeometry(False, 10, 3, 6, 4, 5, (8, 4), pad=(1, 0)))) is MatmulKernel


@pytest.mark.parametrize("change", [{"stride": (2, 2)}, {"pad": (1, 1)}, {"out_channels": 17}])
def test_planes_take_few_channels_and_plain_1x1_kernels_only(change):
    plain = ConvolutionGeometry(False, 100, 1, 28, 28, 16, (1, 1))
    assert type(choose(plain)) is PlaneKernel
    assert type(choose(dataclasses.replace(plain, **change))) is NativeKernel


@pytest.mark.parametrize("kernel_type, rows_first", [
    (BandKernel, True), (PlaneKernel, True), (MatmulKernel, False), (NativeKernel, False),
    (UnfoldKernel, False)])
def test_which_kernels_want_rows_first(kernel_type, rows_first):
    assert kernel_type.rows_first is rows_first


def test_descriptions_name_method_size_and_work():
    layers = paper_layers()
    assert choose(layers["Model 2 conv2"]).describe() == (
        "band: 29 slots of 48 x 160, 177.4 Mflop a step instead of 223.9 Mflop")
    assert choose(layers["Model 2 deconv2"]).describe() == "matmul: 250 x 576, 86.4 Mflop a step"
    assert choose(layers["Model 1 deconv1neur"]).describe() == "planes: 2 to 1, 0.9 Mflop a step"
    assert choose(LENET_CONV1).describe() == "unfold: 20 x 25 x 576 an image, 73.7 Mflop a step"
    assert choose(ORDINARY["LeNet conv2"]).describe() == "native: 614.4 Mflop a step"


class Compiled(NativeKernel):
    """Stands for a kernel from outside of the package."""


def _candidate(name="compiled", gain=2.0, device="cpu"):
    return Candidate(name, fits=lambda geometry, where: geometry.kernel == (9, 9) and where.type == device,
                     gain=lambda geometry: gain, make=lambda geometry, scratch: Compiled(geometry))


@pytest.fixture
def open_list(monkeypatch):
    monkeypatch.setattr(rule, "_candidates", list(rule.candidates()))


def test_a_kernel_from_outside_is_one_registration(open_list):
    register(_candidate())
    assert type(choose(CONV2)) is Compiled
    assert type(choose(CONV2, force_native=True)) is NativeKernel
    assert type(choose(CONV2, device="cuda:0")) is NativeKernel
    assert type(choose(paper_layers()["Model 1 deconv1"])) is BandKernel


@pytest.mark.parametrize("gain, chosen", [(2.0, Compiled), (1.0, NativeKernel)])
def test_a_later_candidate_is_asked_where_the_earlier_promise_nothing(gain, chosen, open_list):
    ordinary = dataclasses.replace(CONV2, in_channels=64, out_channels=64)
    assert type(choose(ordinary)) is NativeKernel
    register(_candidate(gain=gain), before="unfold")
    assert type(choose(CONV2)) is BandKernel
    assert type(choose(ordinary)) is chosen


def test_a_candidate_may_be_for_another_device(open_list):
    register(_candidate(device="cuda"))
    assert type(choose(CONV2, device="cuda:0")) is Compiled
    assert type(choose(CONV2)) is BandKernel


def test_names_of_candidates_are_unique_and_known(open_list):
    with pytest.raises(ValueError, match="`band` is registered twice"):
        register(_candidate("band"))
    with pytest.raises(ValueError, match="no kernel candidate `bnad`; there are matmul, planes, band, unfold"):
        register(_candidate(), before="bnad")
