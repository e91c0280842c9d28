"""The contests: all sides train a net in turn, or encode the test images in turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Callable

from .nets import NETS, BenchmarkNet
from .processes import SideProcess
from .samples import best, ratio, summary
from .sides import CAFFE, EAGER, ENGINE, Side, encoding_sides, training_sides
from .turns import Pace, Player, play, started
from .workspace import SYNTHETIC, Workspace

ENCODED = "cae1"        # the net whose code the encoding contest asks for
Say = Callable[[str], None]


def train(net: BenchmarkNet, place: Workspace, pace: Pace, say: Say) -> dict:
    """The record of all sides training `net`: rates in iterations a second."""
    with started(training_sides(), lambda side: place.training(net, side), place.folder) as processes:
        about = _wait(processes, say)
        players = {side: Player(process, "run") for side, process in processes.items()}
        limits = {side: Player(processes[side], "products") for side in players
                  if side.engine == ENGINE and net.limit_share is not None}
        # A side's limit is measured right behind its rate, so that what disturbs the one disturbs the other.
        play([by_side[side] for side in players for by_side in (players, limits) if side in by_side], pace, say)
        record = {"title": net.title, "batch": net.batch, "real_data": place.provide(net.data.split("/")[1][:-3]),
                  **_record(players, about, scale=1)}
        for entry in record["sides"]:
            player = limits.get(_side(entry, players))
            if player is not None:
                entry["products_only"] = summary(player.rates)
                entry["share_of_limit"] = ratio(entry["rate"]["rounds"], player.rates)
    return record


def encode(place: Workspace, pace: Pace, say: Say) -> dict:
    """The record of all sides encoding the test images: rates in images a second."""
    net = NETS[ENCODED]
    with started(encoding_sides(), lambda side: place.encoding(net, side), place.folder) as processes:
        about = _wait(processes, say)
        players = {side: Player(process, "run") for side, process in processes.items()}
        play(list(players.values()), pace, say)
        return {"title": net.title, "real_data": place.provide("mnist_test"),
                **_record(players, about, scale=SYNTHETIC["mnist_test"][0])}


def _wait(processes: Mapping[Side, SideProcess], say: Say) -> dict[Side, dict]:
    say("setting up")
    return {side: process.wait_until_ready() for side, process in processes.items()}


def _record(players: Mapping[Side, Player], about: Mapping[Side, dict], scale: int) -> dict:
    """Each side's rate and memory, the best side of each engine, and this engine's best against the others'."""
    sides = [{"engine": side.engine, "label": side.label, "rate": summary([scale * rate for rate in player.rates]),
              "processor_rate": summary([scale * rate for rate in player.processor_rates]),
              "peak_bytes": player.process.peak_bytes, "about": about[side],
              "others": [turn.others for turn in player.turns]} for side, player in players.items()]
    leaders = {engine: _leader(sides, engine) for engine in (CAFFE, EAGER, ENGINE)
               if any(entry["engine"] == engine for entry in sides)}
    ours = leaders[ENGINE]
    ratios = {engine: ratio(ours["rate"]["rounds"], leader["rate"]["rounds"])
              for engine, leader in leaders.items() if engine != ENGINE}
    memory = {engine: ours["peak_bytes"] / leader["peak_bytes"] for engine, leader in leaders.items()
              if engine != ENGINE}
    return {"sides": sides, "best": {engine: leader["label"] for engine, leader in leaders.items()},
            "ratios": ratios, "processor_ratios": _one_thread_ratios(sides), "memory_ratios": memory}


def _one_thread_ratios(sides: list[dict]) -> dict:
    """This engine against the others, each on one thread, by processor time: what a busy machine still tells."""
    single = {entry["engine"]: entry["processor_rate"]["rounds"] for entry in sides if entry["label"] == "1 thread"}
    ours = single.pop(ENGINE, None)
    return {} if ours is None else {engine: ratio(ours, theirs) for engine, theirs in single.items()}


def _leader(sides: list[dict], engine: str) -> dict:
    """The entry of the engine's fastest side."""
    entries = {entry["label"]: entry for entry in sides if entry["engine"] == engine}
    return entries[best({label: entry["rate"]["rounds"] for label, entry in entries.items()})]


def _side(entry: dict, players: Mapping[Side, Player]) -> Side:
    return next(side for side in players if (side.engine, side.label) == (entry["engine"], entry["label"]))
