"""Cells in worker processes: a worker that dies or takes too long costs its cell and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from racegym.benchmark.cell import Result, failed, run
from racegym.benchmark.suite import Cell

GRACE = 5.0
"""Seconds for a worker to end before it is killed."""
SPAWN = multiprocessing.get_context("spawn")


@dataclass
class _Worker:
    process: Any
    connection: Connection
    cell: Cell | None = None
    deadline: float = 0.0


def drive_all(
    cells: Sequence[Cell], jobs: int, deadline: float, begun: Callable[[Cell], None] = lambda cell: None
) -> Iterator[tuple[Cell, Result]]:
    """Drive `cells`, `jobs` at a time, each at most `deadline` seconds; results as they come. Closing it stops all."""
    waiting = deque(cells)
    workers = [_start() for _ in range(min(jobs, len(waiting)))]
    try:
        for worker in workers:
            _give(worker, waiting, deadline, begun)
        while busy := [worker for worker in workers if worker.cell is not None]:
            soonest = min(worker.deadline for worker in busy)
            wait([worker.connection for worker in busy], timeout=max(0.0, soonest - time.monotonic()))
            for place, worker in enumerate(workers):
                if worker.cell is None:
                    continue
                cell, result = worker.cell, _collect(worker, deadline)
                if result is None:
                    continue
                yield cell, result
                if not worker.process.is_alive():
                    _stop(worker)
                    workers[place] = worker = _start()
                _give(worker, waiting, deadline, begun)
    finally:
        for worker in workers:
            _stop(worker)


def _start() -> _Worker:
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _give(worker: _Worker, waiting: deque[Cell], deadline: float, begun: Callable[[Cell], None]) -> None:
    worker.cell = waiting.popleft() if waiting else None
    if worker.cell is not None:
        worker.deadline = time.monotonic() + deadline
        begun(worker.cell)
        worker.connection.send(worker.cell)


def _collect(worker: _Worker, deadline: float) -> Result | None:
    """The worker's result, a failure if it died or is late, None while it drives."""
    assert worker.cell is not None
    if worker.connection.poll():
        try:
            return worker.connection.recv()
        except EOFError:
            worker.process.join(GRACE)
            return failed(worker.cell, "simulator", f"the process died, exit code {worker.process.exitcode}")
    if time.monotonic() < worker.deadline:
        return None
    _stop(worker)
    return failed(worker.cell, "simulator", f"not done after {deadline:g} s; stopped")


def _stop(worker: _Worker) -> None:
    worker.connection.close()
    if worker.process.is_alive() and worker.cell is not None:
        worker.process.terminate()
    worker.process.join(GRACE)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()


def _serve(connection: Connection) -> None:
    """A worker's life: cells in, results out, until the other end closes."""
    # Ctrl-C reaches the whole group; the parent alone decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    try:
        while True:
            connection.send(run(connection.recv()))
    except (EOFError, BrokenPipeError, OSError):
        return


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
