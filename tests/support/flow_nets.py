"""Small nets as FlowNetS, FlowNetC and FlowNet 2.0 are built."""

from __future__ import annotations

from cae_caffe.net_spec import NetSpec
from cae_caffe.net_spec import layers as L

SIZE, SCALE = 32, 0.1       # flow is learned as SCALE of it
BATCH = 4
MSRA = {"type": "msra"}
NO_GRADIENT = [False, False]


def convolved(bottom, outputs, kernel=3, stride=1, **options):
    top = L.Convolution(bottom, num_output=outputs, kernel_size=kernel, stride=stride, pad=kernel // 2,
                        weight_filler=MSRA, **options)
    return L.ReLU(top, in_place=True, negative_slope=0.1)


def enlarged(bottom, outputs):
    return L.Deconvolution(bottom, convolution_param={"num_output": outputs, "kernel_size": 4, "stride": 2, "pad": 1,
                                                      "weight_filler": MSRA})


def predicted(bottom):
    return L.Convolution(bottom, num_output=2, kernel_size=3, pad=1, weight_filler=MSRA)


def images(net):
    """The net's two images, their values divided by 255, less the mean."""
    for name, channels in (("img0", 3), ("img1", 3), ("flow_gt", 2)):
        net[name] = L.Input(shape={"dim": [BATCH, channels, SIZE, SIZE]})
    for i in (0, 1):
        net[f"scaled{i}"] = L.Eltwise(net[f"img{i}"], coeff=1 / 255)
        net[f"centred{i}"] = L.Mean(net[f"scaled{i}"], operation="SUBTRACT", value=[0.5, 0.5, 0.5])
    return net.centred0, net.centred1


def refined(net, coarse, fine):
    """Flow of the coarse maps; and of them, the fine ones and that flow, again; each held to the truth in its size."""
    net.truth = L.Eltwise(net.flow_gt, coeff=SCALE)
    net.flow_coarse = predicted(coarse)
    net.truth_coarse = L.Downsample(net.truth, net.flow_coarse, propagate_down=NO_GRADIENT)
    net.loss_coarse = L.L1Loss(net.flow_coarse, net.truth_coarse, loss_weight=0.32, l2_per_location=True)
    net.flow = predicted(L.Concat(fine, L.ReLU(enlarged(coarse, 8), negative_slope=0.1),
                                  enlarged(net.flow_coarse, 2)))
    net.truth_fine = L.Downsample(net.truth, net.flow, propagate_down=NO_GRADIENT)
    net.loss = L.L1Loss(net.flow, net.truth_fine, loss_weight=1, l2_per_location=True, normalize_by_num_entries=True)
    return net.to_proto()


def flownet_s():
    """Both images at once."""
    net = NetSpec()
    fine = convolved(L.Concat(*images(net)), 16, 5, 2)
    return refined(net, convolved(convolved(fine, 24, 3, 2), 24), fine)


def flownet_c():
    """Maps of each image by the same weights, and how like they are where one is displaced."""
    net = NetSpec()
    shared = [{"name": "conv1_w"}, {"name": "conv1_b"}]
    maps = [convolved(image, 12, 5, 2, param=shared) for image in images(net)]
    alike = L.ReLU(L.Correlation(*maps, pad=2, kernel_size=1, max_displacement=2, stride_1=1, stride_2=1),
                   in_place=True, negative_slope=0.1)
    joined = L.Concat(convolved(maps[0], 4, 1), alike)
    return refined(net, convolved(joined, 24, 3, 2), maps[0])


def flownet_2(width, height, adapted):
    """As FlowNet 2.0 is deployed: images in a size that the net can halve, a flow, the second image by this flow, how
    bright the difference is, and the flow made finer and larger by all of it.
    """
    net = NetSpec()
    for name in ("img0", "img1"):
        net[name] = L.Input(shape={"dim": [1, 3, height, width]})
    fitted = [L.Resample(net[name], width=adapted, height=adapted, type=2, antialias=True) for name in ("img0", "img1")]
    coarse = predicted(convolved(convolved(L.Concat(*fitted), 8, 3, 2), 8, 3, 2))
    net.flow = L.Resample(coarse, width=adapted, height=adapted, type=1, antialias=True)
    net.warped = L.FlowWarp(fitted[1], net.flow)
    net.error = L.Eltwise(fitted[0], net.warped, coeff=[1, -1])
    net.brightness = L.ChannelNorm(net.error)
    net.fused = predicted(L.Concat(*fitted, net.flow, net.warped, net.brightness, L.ChannelNorm(net.flow)))
    net.large = L.Resample(net.fused, width=width, height=height, reshape_every_iter=False, type=2, antialias=True)
    net.predict_flow_final = L.Convolution(net.large, num_output=2, kernel_size=1, weight_filler={
        "type": "diagonal", "diag_val": [width / adapted, height / adapted]})
    return net.to_proto()
