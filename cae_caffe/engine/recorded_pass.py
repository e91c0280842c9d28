"""A pass of a net inside a layer as a list of operations (tape.py), repeated without the layers' Python.

The net around it may have layers whose steps cannot be recorded, a Dropout or an Embed; the many small layers of an
unrolled net are recorded all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Callable

from . import torch_private
from .captured import WARM_UP
from .tape import Tape


class RecordedPass:
    """Runs `function`, a pass of `net`; from the fourth time on it repeats a recording, if the layers are `replayable`.

    It is recorded again when a blob of the net takes another shape or place. On a GPU, or while a step around it is
    recorded, `function` itself runs.
    """

    def __init__(self, net, function: Callable[[], None], replayable: bool) -> None:
        self._net, self._function = net, function
        self._may_record = replayable and net.device.type == "cpu" and torch_private.can_listen()
        self._places: list = []
        self._ran: Counter[Hashable] = Counter()
        self._tapes: dict[Hashable, Tape] = {}

    def run(self, case: Hashable = (), may_replay: bool = True) -> None:
        """Run the pass, itself unless it `may_replay`.

        Whatever it decides its operations by, besides shapes, must be in `case`.
        """
        if not self._may_record or not may_replay or Tape.is_recording():
            self._function()
            return
        places = [blob.place_in_memory for blob in self._net.blobs]
        places += [parameter.blob.place_in_memory for parameter in self._net.learnable]
        if places != self._places:
            self._places = places
            self._ran.clear()
            self._tapes.clear()
        if case in self._tapes:
            self._tapes[case].replay()
        elif self._ran[case] != WARM_UP:
            self._ran[case] += 1
            self._function()
        else:
            self._ran[case] += 1        # not again, if it cannot be replayed
            tape = Tape(self._function)
            if tape.refusal is None:
                self._tapes[case] = tape
