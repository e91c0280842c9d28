"""RNN: the simple recurrent layer."""

from __future__ import annotations

from .recurrent import RecurrentLayer
from .registry import register
from .unrolled import UnrolledNet


@register("RNN")
class RNN(RecurrentLayer):
    """h_t = tanh(W_hh cont_t h_{t-1} + W_xh x_t + b_h + W_xh_static x_static), o_t = tanh(W_ho h_t + b_o).

    Parameters: W_xh, b_h, W_xh_static if there is an x_static, W_hh, W_ho, b_o; options: `recurrent_param`
    (src/caffe/layers/rnn_layer.cpp).
    """

    output = "o"
    first_states = ("h_0",)

    def last_states(self):
        return (f"h_{self.steps}",)

    def unroll(self, bottoms, state):
        units = self.options.num_output
        net = UnrolledNet(self.options, bottoms, "h", units)
        net.add_inputs({"h_0": state})
        net.add_sources()
        for step in net.steps:
            net.add_recurrence(step, f"W_hh_h_{step - 1}")
            net.add_sum(step, f"h_input_sum_{step}", f"h_neuron_input_{step}")
            net.add("TanH", f"h_neuron_{step}", [f"h_neuron_input_{step}"], [f"h_{step}"])
            net.add_product(f"W_ho_h_{step}", f"h_{step}", f"W_ho_h_{step}", ["W_ho", "b_o"], units)
            net.add("TanH", f"o_neuron_{step}", [f"W_ho_h_{step}"], [f"o_{step}"])
        net.add_output("o_concat", "o")
        return net
