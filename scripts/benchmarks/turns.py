"""Sides taking turns: as many steps as fit into a turn each, round after round."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from .processes import SideProcess, Turn
from .sides import Side

WARM_UP = 3             # steps before anything is timed: buffers are made and algorithms chosen on the first ones


@dataclass(frozen=True)
class Pace:
    """How many rounds there are, and how many seconds a turn takes."""

    rounds: int
    seconds: float


@dataclass
class Player:
    """A side's process with one kind of work, the steps of a turn, and what came of the turns so far."""

    process: SideProcess
    work: str
    steps: int = 1
    turns: list[Turn] = field(default_factory=list)

    def calibrate(self, seconds: float) -> None:
        """Warm up, and find how many steps take about so many seconds."""
        self.process.take_turn(self.work, WARM_UP)
        steps = 1
        while True:
            took = self.process.take_turn(self.work, steps).seconds
            if took >= seconds / 4:
                self.steps = max(1, round(steps * seconds / took))
                return
            steps *= 4

    def take_turn(self) -> None:
        self.turns.append(self.process.take_turn(self.work, self.steps))

    @property
    def rates(self) -> list[float]:
        """Steps a second, a round each."""
        return [self.steps / turn.seconds for turn in self.turns]

    @property
    def processor_rates(self) -> list[float]:
        """Steps a second of the process's own processor time, of all its threads: others disturb it less."""
        return [self.steps / turn.processor for turn in self.turns]


@contextlib.contextmanager
def started(sides: Sequence[Side], task: Callable[[Side], dict], folder: Path) -> Iterator[dict[Side, SideProcess]]:
    """The processes of all sides, each with its task, set up one beside the other; ended with the block."""
    with contextlib.ExitStack() as stack:
        yield {side: stack.enter_context(SideProcess(side, task(side), folder)) for side in sides}


def play(players: Sequence[Player], pace: Pace, say: Callable[[str], None]) -> None:
    """Let all players take their turns; each round starts with another one. `say` is told how far it is."""
    for number, player in enumerate(players, 1):
        say(f"warming up {number}/{len(players)}")
        player.calibrate(pace.seconds)
    for round_number in range(pace.rounds):
        say(f"round {round_number + 1}/{pace.rounds}")
        first = round_number % len(players)
        for player in [*players[first:], *players[:first]]:
            player.take_turn()
