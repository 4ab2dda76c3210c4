"""Which processor core a game runs on, and where we wait for it.

Waking an idle core costs more than a whole tick, and a scheduler left alone wakes the two sides of one conversation on
different ones. So each game keeps to one core, that with the fewest of our games on the whole machine, and who waits
for his only game does so on the same core (exchange.c).
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from racegym_torcs.launch import PREFIX
from racegym_torcs.options import TorcsOptions

_libc = ctypes.CDLL(None)
_PAGE = 4096
"""Of the worlds in plugins/torcs, bytes."""


def choose(allowed: Collection[int], apart: bool) -> int:
    """Of the cores `allowed`, the one with the fewest games; of several, the one we run on now, or not with `apart`."""
    games = Counter(_occupied())
    here = _libc.sched_getcpu()
    return min(allowed, key=lambda cpu: (games[cpu], (cpu == here) == apart, cpu))


def spread(loads: Sequence[int]) -> list[int]:
    """A core for each process to come, by how many games drive in it, so that all cores have as many as possible alike."""
    allowed = sorted(os.sched_getaffinity(0))
    taken = Counter(_occupied())
    cores = []
    for load in loads:
        cores.append(min(allowed, key=lambda cpu: (taken[cpu], cpu)))
        taken[cores[-1]] += load
    return cores


def shares(each: Sequence[TorcsOptions]) -> list[list[int]]:
    """Which rows of a pool take turns in one process: those that are alike, in as many as their part of the cores.

    Not with an expert: it may read files while it drives, which is not safe there; nor where pages are of another size
    (plugins/torcs/worlds.h).
    """
    cores = len(os.sched_getaffinity(0))
    alike: dict[TorcsOptions, list[int]] = {}
    for row, options in enumerate(each):
        alike.setdefault(options, []).append(row)
    parts: list[list[int]] = []
    for options, rows in alike.items():
        alone = options.isolated or options.expert is not None or mmap.PAGESIZE != _PAGE
        count = len(rows) if alone else min(len(rows), max(1, round(cores * len(rows) / len(each))))
        parts += [part.tolist() for part in np.array_split(rows, count)]
    return parts


def _occupied() -> list[int]:
    """Cores that a game keeps to, once for each game; its processes have one directory in common."""
    cores: dict[str, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            arguments = (process / "cmdline").read_bytes().split(b"\0")
            directory = arguments[2].decode("utf-8", "replace") if len(arguments) > 2 else ""
            if PREFIX in directory and arguments[1] == b"-l":
                own = os.sched_getaffinity(int(process.name))
                if len(own) == 1:
                    cores[directory] = next(iter(own))
    return list(cores.values())


def place(pid: int, apart: bool, core: int | None = None) -> int | None:
    """Keep process `pid`, which has only begun, to a core of ours; which one, None when it may go anywhere.

    The core is `core` or, without one, chosen. `apart`: rather not to the core we run on, because one of us does not
    sleep while he waits.
    """
    allowed = os.sched_getaffinity(0)
    try:
        cpu = choose(allowed, apart) if core is None else core
        os.sched_setaffinity(pid, {cpu})
    except OSError:  # some containers forbid it, and the game may have ended already
        return None
    return cpu
