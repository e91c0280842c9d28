"""LSTM: the recurrent layer of long short-term memory."""

from __future__ import annotations

from .lstm_unit import GATES
from .recurrent import RecurrentLayer
from .registry import register
from .unrolled import UnrolledNet


@register("LSTM")
class LSTM(RecurrentLayer):
    """Steps of LSTMUnit, from the sums W_hc cont_t h_{t-1} + W_xc x_t + b_c + W_xc_static x_static into its gates.

    The hidden state is h and the cell c, in this order. Parameters, each for all four gates: W_xc, b_c, W_xc_static if
    there is an x_static, W_hc; options: `recurrent_param` (src/caffe/layers/lstm_layer.cpp).
    """

    output = "h"
    first_states = ("h_0", "c_0")

    def last_states(self):
        return (f"h_{self.steps}", "c_T")

    def unroll(self, bottoms, state):
        net = UnrolledNet(self.options, bottoms, "c", GATES * self.options.num_output)
        net.add_inputs({"c_0": state, "h_0": state})
        net.add_sources()
        for step in net.steps:
            net.add_recurrence(step, f"transform_{step}")
            net.add_sum(step, f"gate_input_{step}", f"gate_input_{step}")
            net.add("LSTMUnit", f"unit_{step}", [f"c_{step - 1}", f"gate_input_{step}", f"cont_{step}"],
                    [f"c_{step}", f"h_{step}"])
        net.add("Split", "", [f"c_{net.steps[-1]}"], ["c_T"])
        net.add_output("h_concat", "h")
        return net
