"""Names of the pycaffe of 2013 and 2014, which Caffe 1.0 has no more: what a script does today in their place."""

from __future__ import annotations

from ..errors import InputError

_PHASE = "the phase is given when a net is made, caffe.Net(net, weights, caffe.TEST)"
_IMAGES = "images are prepared by a caffe.io.Transformer"
_REMEDIES = {
    "set_phase_test": _PHASE,
    "set_phase_train": _PHASE,
    "set_mode_cpu": "the mode is the process's, caffe.set_mode_cpu()",
    "set_mode_gpu": "the mode is the process's, caffe.set_mode_gpu()",
    "set_device": "the device is the process's, caffe.set_device(number)",
    "set_mean": _IMAGES,
    "set_input_scale": _IMAGES,
    "set_raw_scale": _IMAGES,
    "set_channel_swap": _IMAGES,
    "preprocess": _IMAGES,
    "deprocess": _IMAGES,
}


class FormerNameError(InputError, AttributeError):
    """An attribute that pycaffe once had."""


def missing(owner: str, name: str) -> AttributeError:
    """The error for the attribute `name` that `owner`, "a Net" or "caffe", does not have."""
    if name in _REMEDIES:
        return FormerNameError(f"{owner} has no `{name}` since Caffe 1.0: {_REMEDIES[name]}.")
    return AttributeError(f"{owner} has no attribute {name!r}")
