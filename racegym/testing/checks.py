"""Expectations whose failure says what is wrong with the simulator, and what may have caused it."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from racegym.signals import SIGNALS, Controls, Table, Telemetry


def series(history: list[Telemetry], name: str) -> np.ndarray:
    """A signal of the first car over time."""
    return np.array([now[name][0] for now in history])


def expect_same(first: list[Telemetry], second: list[Telemetry], where: str) -> None:
    for step, (one, two) in enumerate(zip(first, second, strict=True)):
        differing = [name for name in SIGNALS if not np.array_equal(one[name], two[name], equal_nan=True)]
        assert not differing, f"spec.deterministic, but {where} step {step} differs in {differing}"


def expect_close(
    value: float, other: float, what: str, whose: str, share: float = 0.1, least: float = 0.5
) -> None:
    close = abs(value - other) <= share * abs(other) + least
    assert close, f"{what} is {value:.3g}, but {whose} gives {other:.3g}: other units or another sign?"


def expect_in_range(record: Telemetry | Controls, names: Iterable[str], table: Table, when: str) -> None:
    for name in names:
        signal, values = table[name], record[name]
        assert np.isfinite(values).all(), f"{name} is promised but {values} {when}"
        inside = (values >= signal.low) & (values <= signal.high)
        assert inside.all(), (
            f"{name} is {values} {when}; its range is {signal.low:g} to {signal.high:g} {signal.unit}"
        )
        whole = signal.kind == "number" or (values == np.rint(values)).all()
        assert whole, f"{name} is a {signal.kind} but {values} {when}"


def belongings() -> set[str]:
    """What this process has: threads, and on Linux child processes and open files."""
    owned = {f"thread {thread.ident} ({thread.name})" for thread in threading.enumerate()}
    for children in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            owned |= {f"process {pid}" for pid in children.read_text().split()}
    for file in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):
            owned.add(f"file {file.name} -> {os.readlink(file)}")
    return owned
