"""The package's command lines, for what starts processes of them."""

from __future__ import annotations

from ..running.processes import Program

CAE_CAFFE = Program("cae-caffe", "cae_caffe", imports=(f"{__package__}.main", f"{__package__}.train"))
MAKE_PROTOTXT = Program("make-prototxt", f"{__package__}.make_prototxt")
