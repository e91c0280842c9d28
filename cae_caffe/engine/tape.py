"""A training step as a list of tensor operations, repeated without the Python that led to them: the CPU's CUDA graph.

In a step of a small net a good part of the time goes into layers asking blobs for tensors and tensors for views. All
of that comes to the same each time, so it is done once: what remains is a hundred operations on tensors that are at
hand. They are the step's own, in its order, so the results are the same to the last bit.

A tape hears what goes through PyTorch's dispatcher, and nothing else. So that nothing is lost:

* code that works on a tensor's memory by other means runs through `call`, which the tape repeats;
* a step that hands memory or values out (to numpy, as a number, by address) without it is refused: what becomes of
  them is not known;
* the first replay is checked against the step itself (replay_check.py), for what neither shows.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterable, Iterator, Sequence
from typing import Callable, ClassVar

import torch
from torch.overrides import TorchFunctionMode

from ..errors import RunError
from . import torch_private

_REMEDY = "run what works on a tensor's memory by other means than PyTorch's through tape.call"


class NotReplayableError(RunError):
    """A step was recorded, but replaying it would lose what it did beside PyTorch's operations."""


def call(function: Callable[[], object], reads: Sequence[torch.Tensor] = (),
         writes: Sequence[torch.Tensor] = ()) -> None:
    """Run `function`, which reads and writes these tensors' memory by other means than PyTorch's; a tape repeats it.

    It is called without arguments, each time on the same memory, and must not decide anything by what is outside of
    `reads`. The tape holds the tensors, so that their addresses stay good. Whoever wants to know whether one of
    `writes` has changed is told so by its version, as with PyTorch's own operations.
    """
    foreign = _Foreign(function, tuple(reads), tuple(writes))
    with Tape.paused() as tape:
        foreign()
    if tape is not None:
        tape.take(foreign)


def mark_written(tensors: Iterable[torch.Tensor]) -> None:
    """Raise the tensors' versions, as an operation of PyTorch's that writes into them does."""
    for tensor in tensors:      # PyTorch 2.4 does not take several at once
        if not tensor.is_inference():       # which has no version
            torch.autograd.graph.increment_version(tensor)


class _Foreign:
    """A call that PyTorch knows nothing of, with the tensors that it works on."""

    def __init__(self, function: Callable[[], object], reads: tuple[torch.Tensor, ...],
                 writes: tuple[torch.Tensor, ...]) -> None:
        self._function, self._reads, self.writes = function, reads, writes

    def __call__(self) -> None:
        self._function()
        mark_written(self.writes)


class Tape(torch_private.Listener):
    """Runs `function` and notes its operations; `replay` runs them again on the same memory.

    Only for a function that decides nothing by its tensors' values; `Layer.is_replayable` says so of a layer. `refusal`
    tells, once the function has run, why it cannot be replayed, if it cannot; `writes` has the tensors that a replay
    writes into. Needs `torch_private.can_listen()`.
    """

    #: Recording has run the function once already; a CUDA graph's has not.
    ran = True
    _recording: ClassVar[Tape | None] = None

    def __init__(self, function: Callable[[], None]) -> None:
        super().__init__()
        self.refusal: str | None = None
        self.writes: list[torch.Tensor] = []
        self.listens = True         # not while foreign code runs
        self._operations: list[tuple] = []
        previous, Tape._recording = Tape._recording, self
        try:
            with torch.no_grad(), _HandedOut(self), self:
                function()
        finally:
            Tape._recording = previous

    @classmethod
    def is_recording(cls) -> bool:
        """Whether any tape is recording."""
        return cls._recording is not None

    @classmethod
    @contextlib.contextmanager
    def paused(cls) -> Iterator[Tape | None]:
        """The tape that is recording, if any, which notes nothing meanwhile."""
        tape = cls._recording
        if tape is None or not tape.listens:
            yield None
            return
        tape.listens = False
        try:
            yield tape
        finally:
            tape.listens = True

    def call(self, function, args, kwargs):
        """Run an operation, and note it unless it is no more than a view: views stay what they are."""
        result = function(*args, **kwargs)
        if self.listens and not torch_private.is_view(function):
            made = torch_private.new_results(function, result)
            if any(not isinstance(value, (torch.Tensor, type(None))) for value in made):
                self.refuse(f"{function} handed a value out")
            elif torch.Tag.nondeterministic_seeded in function.tags:
                self.refuse(f"{function} drew random numbers")
            self._operations.append((function, args, kwargs, made))
            self.writes += torch_private.written_arguments(function, args, kwargs)
        return result

    def take(self, foreign: _Foreign) -> None:
        """Note a call that PyTorch knows nothing of."""
        self._operations.append((foreign, (), {}, ()))
        self.writes += foreign.writes

    def refuse(self, what: str) -> None:
        """Do not replay, because of `what` the step did; the first reason stands."""
        if self.listens and self.refusal is None:
            self.refusal = f"{what} {_place()}; {_REMEDY}"

    @torch.inference_mode()     # which spares each operation the way through autograd, and still counts versions
    def replay(self) -> None:
        """Run the operations again. Raises NotReplayableError if that was refused."""
        if self.refusal is not None:
            raise NotReplayableError(f"The step cannot be replayed: {self.refusal}.")
        for function, args, kwargs, made in self._operations:
            result = function(*args, **kwargs)
            if made:
                for old, new in zip(made, result if isinstance(result, (tuple, list)) else (result,)):
                    if old is not None:         # others read it where it was the first time
                        old.copy_(new)


class _HandedOut(TorchFunctionMode):
    """Tells a tape of values and memory that the step hands out of PyTorch."""

    _CALLS: ClassVar = {getattr(torch.Tensor, name): name for name in (
        "__array__", "__dlpack__", "data_ptr", "item", "numpy", "storage", "tolist", "untyped_storage")}

    def __init__(self, tape: Tape) -> None:
        super().__init__()
        self._tape = tape

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in self._CALLS:
            self._tape.refuse(f"Tensor.{self._CALLS[func]} handed a tensor's values or memory out")
        return func(*args, **(kwargs or {}))


def _place() -> str:
    """Where the code outside of PyTorch stands that runs now."""
    ours = (__file__, torch_private.__file__)
    frames = [frame for frame in traceback.extract_stack()
              if frame.filename not in ours and "/torch/" not in frame.filename]
    return f"({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
