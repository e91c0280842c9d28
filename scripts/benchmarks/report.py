"""The results as an aligned table of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .machine import QUIET
from .sides import CAFFE, NAMES

_MET = {True: "met", False: "NOT MET", None: "not measured"}
_LEFT = 2               # columns aligned to the left in every table; the others hold numbers
_MEGABYTE = 1e6


def report(results: dict) -> str:
    """All of `results` that there is, in sections."""
    sections = [_machine(results)]
    if results["training"]:
        sections.append(_training(results))
    if results["encoding"]:
        sections.append(_encoding(results["encoding"]))
    if results["commands"]:
        sections.append(_commands(results["commands"]))
    if results["targets"]:
        sections.append(_targets(results["targets"]))
    return "\n\n".join(sections + [f"*** {warning}" for warning in warnings(results)]) + "\n"


def warnings(results: dict) -> list[str]:
    """What casts doubt on the numbers, a sentence each.

    The load average is no ground for doubt: it still remembers, minutes later, what ran before.
    """
    others, found = results["others"], []
    if max(others["idle"], others["mean"]) > QUIET:
        found.append("THIS MACHINE WAS NOT IDLE, so these numbers mean little: other processes kept "
                     f"{others['idle']:.2f} cores busy before the turns, and {others['mean']:.2f} during them "
                     f"({others['most']:.2f} in the worst one).")
    if results["training"] and not any(CAFFE in record["best"] for record in results["training"].values()):
        found.append("REAL CAFFE IS NOT HERE, so nothing was compared with it: scripts/install-caffe puts it into "
                     ".caffe/.")
    return found + [f"{name} FAILED: {words}" for name, words in results["failures"].items()]


def _machine(results: dict) -> str:
    machine, load, others, pace = (results[key] for key in ("machine", "load", "others", "settings"))
    hardware = (f"{machine['processor']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB; "
                f"{machine['system']}")
    busy = (f"load average {load['before']:.2f} before, {load['after']:.2f} after; cores kept busy by other processes: "
            f"{others['idle']:.2f} before, {others['mean']:.2f} during the turns ({others['most']:.2f} in the worst); "
            f"stolen by the host: {others['stolen_seconds']:.1f} s")
    turns = (f"{', '.join(_versions(results))}; {pace['rounds']} rounds of turns of {pace['seconds']:g} s; medians, "
             "and the lowest and highest round; of CPU time: steps a second of processor time, and the ratios of one "
             "thread each")
    return f"{hardware}\n{busy}\n{turns}"


def _versions(results: dict) -> list[str]:
    entries = [entry for record in [*results["training"].values(), results["encoding"]]
               for entry in record.get("sides", ())]
    return [f"cae-caffe {results['version']}", *sorted({
        f"{entry['about']['version']} (Python {entry['about']['python']})" for entry in entries})]


def _training(results: dict) -> str:
    rows = [["", "", "", "iterations/s", "lowest", "highest", "of CPU time", "peak MB", "products alone/s",
             "share"]]
    for name, record in results["training"].items():
        data = "" if record["real_data"] else ", synthetic data"
        rows.append([f"{name}: {record['title']}, batch {record['batch']}{data}"])
        rows += [_side_row(entry, record) for entry in record["sides"]]
        rows += _ratio_rows(record)
    return "Training\n" + _table(rows)


def _side_row(entry: dict, record: dict) -> list[str]:
    rate, limit = entry["rate"], entry.get("products_only")
    mark = "*" if record["best"][entry["engine"]] == entry["label"] else ""
    row = [f"  {NAMES[entry['engine']]}{mark}", _threads(entry), "", *_spread(rate),
           _number(entry["processor_rate"]["median"]), f"{entry['peak_bytes'] / _MEGABYTE:.0f}"]
    if limit is not None:
        row += [_number(limit["median"]), f"{entry['share_of_limit']['median']:.0%}"]
    return row


def _threads(entry: dict) -> str:
    """The side's threads as it was told, what they are if it was not, and how they wait."""
    about = entry["about"]
    chosen = f" ({about['threads']})" if entry["label"].startswith("as") and "threads" in about else ""
    policy = "" if entry["engine"] == CAFFE or entry["label"].endswith(about["wait_policy"]) else (
        f", {about['wait_policy']}")
    return f"{entry['label']}{chosen}{policy}"


def _ratio_rows(record: dict) -> list[list[str]]:
    """This engine's best side against each other engine's best; behind, one thread each by processor time."""
    alone = {engine: f"x {_number(ratio['median'])}" for engine, ratio in record["processor_ratios"].items()}
    return [[f"  this engine / {NAMES[engine]}", "", "x", *_spread(ratio), alone.get(engine, ""),
             f"x {record['memory_ratios'][engine]:.2f}"] for engine, ratio in record["ratios"].items()]


def _encoding(record: dict) -> str:
    data = "test images" if record["real_data"] else "synthetic images"
    rows = [["", "", "", "images/s", "lowest", "highest", "of CPU time", "peak MB"]]
    rows += [_side_row(entry, record) for entry in record["sides"]] + _ratio_rows(record)
    return f"Encoding 10000 {data} by {record['title']}, files included\n" + _table(rows)


def _commands(seconds: dict) -> str:
    rows = [["", "", "seconds", "lowest", "highest"]]
    rows += [[f"  {title}", "", *_spread(summary, ".2f")] for title, summary in seconds.items()]
    return "Commands, from start to end\n" + _table(rows)


def _targets(targets: Sequence[dict]) -> str:
    rows = [[f"  {target['title']}", _MET[target["met"]], "-" if target["value"] is None else f"{target['value']:.2f}",
             f"{target['relation']} {target['bound']:g}"] for target in targets]
    return "Targets\n" + _table(rows)


def _spread(summary: dict, form: str = "") -> list[str]:
    return [_number(summary[key], form) for key in ("median", "lowest", "highest")]


def _number(value: float, form: str = "") -> str:
    """`value` with at least three digits, and no decimals that say nothing."""
    if form:
        return format(value, form)
    return f"{value:.0f}" if value >= 1000 else f"{value:.1f}" if value >= 20 else f"{value:.2f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as lines with aligned columns; a row of one cell is a heading and stretches no column."""
    full = [row for row in rows if len(row) > 1]
    widths = [max(len(row[i]) for row in full if i < len(row)) for i in range(max(map(len, full)))]
    return "\n".join(row[0] if len(row) == 1 else _line(row, widths) for row in rows)


def _line(cells: Iterable[str], widths: Sequence[int]) -> str:
    words = [cell.ljust(width) if i < _LEFT else cell.rjust(width)
             for i, (cell, width) in enumerate(zip(cells, widths))]
    return "  ".join(words).rstrip()
