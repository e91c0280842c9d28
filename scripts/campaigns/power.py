"""Loss of power: a disk's image is copied without sync while a run trains on it, and the copy is mounted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from forked import status_of

from . import place

ITERATIONS, EVERY = 60000, 50
MEGABYTES = 48


def attack(folder: Path, count: int, failed: place.Failed) -> str:
    """Copy at `count` instants; returns what was counted."""
    image, disk = folder / "image", folder / "disk"
    with image.open("wb") as file:
        file.truncate(MEGABYTES << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    disk.mkdir()
    subprocess.run(["mount", "-o", "loop,commit=1", str(image), str(disk)], check=True)
    copies = []
    try:
        place.write_training(disk, ITERATIONS, EVERY)
        os.sync()
        process = place.command((*place.TRAIN, "--keep", "40"), disk, folder / "log")
        for number in range(count):
            time.sleep(0.5 + 0.07 * number)
            os.kill(process, signal.SIGSTOP)        # so that the copy is of one instant
            there = sorted(path.name for path in disk.glob("*.solverstate"))
            copies.append((folder / f"copy-{number}", there))
            shutil.copyfile(image, copies[-1][0])
            os.kill(process, signal.SIGCONT)
        os.kill(process, signal.SIGKILL)
        status_of(process)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    found = sum(_look(copy, disk, there, failed) for copy, there in copies)
    return f"{count} instants, {found} snapshots found under their names, every one of them whole"


def _look(copy: Path, disk: Path, there: list[str], failed: place.Failed) -> int:
    """Mount a copy: all but at most the newest snapshot that was there must be there, and whole."""
    subprocess.run(["mount", "-o", "loop", str(copy), str(disk)], check=True)
    try:
        whole = place.whole_snapshots(disk)
        os.chdir("/")
        lost = [name for name in there if name not in whole]
        failed.unless(len(lost) <= 1, f"{copy.name}: {lost} are lost")
        for problem in whole.values():
            failed.unless(problem is None, f"{copy.name}: {problem}")
        return len(whole)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
        copy.unlink()
