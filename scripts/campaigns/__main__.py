"""`python -m campaigns`; see scripts/reliability."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import cae_caffe.pycaffe
import cae_caffe.running.train  # noqa: F401 - both here, so that no forked process waits for them

from . import calls, disk, kills, long, place, power

CAMPAIGNS = {       # the attack, how often at full length, what must hold
    "kills": (kills.attack, 200, "SIGKILL aimed into snapshot writing; resumed, the end has the same bytes"),
    "calls": (calls.attack, calls.MOST, "each system call of a snapshot failed; resumed, the end has the same bytes"),
    "power": (power.attack, 20, "loss of power; at most the snapshot being written is lost"),
    "disk": (disk.attack, 100, "full disk; one sentence, the old file or the whole new one"),
    "long": (long.attack, 200_000, "a long run; memory and open files stay"),
}


def main() -> int:
    """Run the campaigns asked for; 1 if something did not hold."""
    parser = argparse.ArgumentParser(prog="reliability", description=__doc__)
    parser.add_argument("campaigns", nargs="*", metavar="CAMPAIGN", help=f"{', '.join(CAMPAIGNS)} (default: all)")
    parser.add_argument("--count", type=int, help="how many attacks (iterations of `long`) instead of the full number")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.campaigns if name not in CAMPAIGNS]
    if unknown:
        parser.error(f"there is no campaign {unknown[0]}; choose from {', '.join(CAMPAIGNS)}")
    rows, wrong = [], []
    for name in arguments.campaigns or CAMPAIGNS:
        attack, full, what = CAMPAIGNS[name]
        folder = Path(tempfile.mkdtemp(prefix=f"cae-caffe-{name}-"))
        failed, start = place.Failed(), time.monotonic()
        told = attack(folder, arguments.count or full, failed)
        rows.append(f"| {name} | {'FAILED' if failed.lines else 'held'} | {what} | {told} | "
                    f"{time.monotonic() - start:.0f} s |")
        wrong += [f"{name}: {line}" for line in failed.lines]
        os.chdir("/")
        if failed.lines:
            print(f"What {name} left is in {folder}.", file=sys.stderr)
        else:
            shutil.rmtree(folder)
    print(f"{len(wrong)} attacks did damage:\n" + "\n".join(wrong) if wrong else "All held.")
    print("\n".join(["", "| campaign | verdict | what must hold | counted | time |", "|---|---|---|---|---|", *rows]))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
