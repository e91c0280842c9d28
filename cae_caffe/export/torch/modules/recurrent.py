"""Recurrent layers over (time steps, streams, ...), with Caffe's parameters."""

from __future__ import annotations

import torch
from torch import nn


class CaffeRecurrent(nn.Module):
    """Base of recurrent layers: what x and x_static add to the `sums` of them that each time step makes.

    Called with x (T, N, ...), cont (T, N), which is 0 where a sequence begins and 1 where it goes on, then x_static
    (N, ...) if there is one, and the states before the first step, each (1, N, units), if the module was made with
    `exposes_states`; then it returns those behind the last step, too, and no gradient goes through them. Without,
    each call begins with states of 0: Caffe goes on with those of the batch before.
    """

    number_of_states: int

    def __init__(self, inputs, units, static_inputs=0, exposes_states=False, sums=1):
        super().__init__()
        self.units, self.exposes_states = units, exposes_states
        self.weight_x = nn.Parameter(torch.zeros(sums * units, inputs))
        self.bias = nn.Parameter(torch.zeros(sums * units))
        self.weight_static = nn.Parameter(torch.zeros(sums * units, static_inputs)) if static_inputs else None
        self.weight_h = nn.Parameter(torch.zeros(sums * units, units))

    def forward(self, x, cont, *more):
        added = x.flatten(2) @ self.weight_x.t() + self.bias
        if self.weight_static is not None:
            added = added + more[0].flatten(1) @ self.weight_static.t()
        states = [x.new_zeros(x.shape[1], self.units)] * self.number_of_states
        if self.exposes_states:
            states = [state[0].detach() for state in more[-self.number_of_states:]]
        outputs = []
        for step in range(x.shape[0]):
            goes_on = cont[step].unsqueeze(1)
            y, states = self.step(added[step] + (states[0] * goes_on) @ self.weight_h.t(), goes_on, states)
            outputs.append(y)
        y = torch.stack(outputs)
        return (y, *(state.detach().unsqueeze(0) for state in states)) if self.exposes_states else y

    def step(self, sums, goes_on, states):
        """Output and states of a time step, from the sums, whether sequences go on (N, 1), and the states before."""
        raise NotImplementedError


class CaffeRNN(CaffeRecurrent):
    """h = tanh(sums), y = tanh(weight_o h + bias_o), with weight_h of the h before in the sums."""

    number_of_states = 1

    def __init__(self, inputs, units, static_inputs=0, exposes_states=False):
        super().__init__(inputs, units, static_inputs, exposes_states)
        self.weight_o = nn.Parameter(torch.zeros(units, units))
        self.bias_o = nn.Parameter(torch.zeros(units))

    def step(self, sums, goes_on, states):
        h = torch.tanh(sums)
        return torch.tanh(h @ self.weight_o.t() + self.bias_o), [h]


class CaffeLSTM(CaffeRecurrent):
    """c = f c + i g and h = o tanh(c), with i, f, o = sigmoid and g = tanh of the sums' quarters; the states: h, c."""

    number_of_states = 2

    def __init__(self, inputs, units, static_inputs=0, exposes_states=False):
        super().__init__(inputs, units, static_inputs, exposes_states, sums=4)

    def step(self, sums, goes_on, states):
        i, f, o, g = sums.chunk(4, 1)
        c = goes_on * torch.sigmoid(f) * states[1] + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, [h, c]


class CaffeLSTMUnit(nn.Module):
    """One step of an LSTM's cell: from c (1, N, D), the sums (1, N, 4 D) and cont (1, N) to the next c and h."""

    def forward(self, c, sums, cont):
        i, f, o, g = sums.chunk(4, 2)
        c = cont.unsqueeze(2) * torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return c, torch.sigmoid(o) * torch.tanh(c)
