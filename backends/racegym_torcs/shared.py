"""The conversation over shared memory: numbered commands, each answered by publishing its number.

The robot sleeps until the bell rings and its `command_seq` has moved, we until it says that all is answered.
After a command, its number and the wake-up nothing else crosses, and no telemetry is parsed or copied on the way.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from racegym.errors import ConfigurationError, SimulatorLost, SimulatorTimeout
from racegym.signals import Controls, Telemetry
from racegym_torcs.exchange import Command, Exchange
from racegym_torcs.mapping import SLOTS, Header, Mapping
from racegym_torcs.transport import Check, Transport

_VERDICT = Header.verdict.offset // 4


class Shared(Transport):
    """All cars of one race of our robot, through one mapping; `spin` looks before each sleep."""

    carries_ticks = clips = True

    def __init__(
        self,
        cars: int,
        beam_angles: Sequence[float],
        check: Check,
        bounds: tuple[np.ndarray, np.ndarray],
        wanted: int,
        spin: int = 0,
    ) -> None:
        """`bounds`, `wanted` and `spin` are those of `Exchange`."""
        super().__init__()
        self.mapping: Mapping | None = Mapping(cars, beam_angles, spin)
        self._words = self.mapping.words
        self.telemetry = self.mapping.telemetry
        """What the robot writes into; `read` copies it into any other record."""
        self.controls = self.mapping.controls
        """What the robot reads, as `send` has clipped it."""
        self._exchange = Exchange(self.mapping, spin, bounds, wanted)
        self._tell, self._wait, self._drive = self._exchange.tell, self._exchange.wait, self._exchange.drive
        self._check = check

    @property
    def descriptor(self) -> int:
        """To be inherited by the game."""
        return self._open().descriptor

    def launched(self, cpu: int | None) -> None:
        """The game runs, keeping to core `cpu` if to any, and has inherited the descriptor."""
        self._open().seal()
        self._exchange.begin(cpu)

    def begin(self, seed: int | None, deadline: float, starts: np.ndarray | None = None) -> None:
        mapping = self._open()
        mapping.starts[:] = np.nan if starts is None else starts
        header = mapping.headers[0]
        header.seeded, header.seed = seed is not None, seed or 0
        self._command(Command.RESTART, 0, deadline)

    def send(self, controls: Controls, ticks: int = 1) -> bool:
        return self._drive(controls, ticks)

    def read(self, telemetry: Telemetry, deadline: float) -> None:
        if not self._wait():
            self._await(deadline)
        if telemetry is not self.telemetry:
            telemetry.block[:] = self.telemetry.block

    def restart(self, deadline: float) -> None:
        """Nothing: `begin` takes the race back by itself."""

    @property
    def over(self) -> bool:
        """Never: a race that has ended waits for the next command."""
        return False

    def save(self, deadline: float) -> int:
        """Keep this moment; the slot that it lies in. `SimulatorLost` when there is no room for another process."""
        free = np.flatnonzero(self._open().slots == 0)
        if len(free) == 0:
            raise ConfigurationError(f"torcs: {SLOTS} snapshots are held; release some")
        slot = int(free[0])
        if not self._command(Command.SAVE, slot, deadline):
            raise SimulatorLost(
                "torcs: the game could not fork for a snapshot; the system is short of processes"
            )
        return slot

    def restore(self, slot: int, deadline: float) -> None:
        """Go back to the moment in `slot`; `read` gives the rows of that moment."""
        if not self._command(Command.RESTORE, slot, deadline):
            raise ConfigurationError("torcs: this snapshot has been released")

    def release(self, slot: int, deadline: float) -> None:
        """Let go of the moment in `slot`; again is no error."""
        self._command(Command.RELEASE, slot, deadline)

    def film(self, deadline: float) -> None:
        """Have a picture made of the present state; nobody waits for it here."""
        if not self._command(Command.FILM, 0, deadline):
            raise SimulatorLost("torcs: this game has no camera")

    def standings(self, deadline: float) -> None:
        """Have the order of the race written to the game's directory."""
        if not self._command(Command.STANDINGS, 0, deadline):
            raise SimulatorLost("torcs: the game cannot write the order of the race down; is the disk full?")

    def close(self) -> None:
        """Unmap the memory, as soon as nobody holds a view of it."""
        if self.mapping is not None:
            self._exchange.end()
            self.mapping.seal()
            self.mapping = None
            del self._words, self.telemetry, self.controls

    def _open(self) -> Mapping:
        if self.mapping is None:
            raise SimulatorLost("torcs: the memory shared with the game is closed; reset starts another game")
        return self.mapping

    def _command(self, command: Command, argument: int, deadline: float) -> bool:
        """Whether the robot did as told."""
        self._open()
        self._await(deadline)
        self._tell(int(command), argument)
        self._await(deadline)
        return self._words[_VERDICT] == 0

    def _await(self, deadline: float) -> None:
        while not self._wait():
            self._check()
            if time.monotonic() > deadline:
                raise SimulatorTimeout("torcs: the game gave no state within its deadline (option deadlines)")
