"""The conversation over shared memory: numbered commands, each answered by publishing its number.

The robot sleeps until the bell rings and its `command_seq` has moved, we until it says that all is answered.
After a command, its number and the wake-up nothing else crosses, and no telemetry is parsed or copied on the way.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from racegym.errors import ConfigurationError, SimulatorLost, SimulatorTimeout
from racegym.signals import Controls, Telemetry
from racegym_torcs import futex
from racegym_torcs.mapping import SLOTS, Bell, Header, Mapping
from racegym_torcs.placement import Core
from racegym_torcs.transport import Check, Transport

_STATE = Header.state_seq.offset // 4
_VERDICT = Header.verdict.offset // 4
_COMMAND = Header.command_seq.offset // 4
_WORD = Header.command.offset // 4
_ARGUMENT = Header.argument.offset // 4
_ALL = 0xFFFFFFFF


#: Conversations of this process.
_open_here: weakref.WeakSet[Shared] = weakref.WeakSet()


class Command(IntEnum):
    """What the robot is told."""

    DRIVE = 1
    RESTART = 2
    SAVE = 3
    RESTORE = 4
    RELEASE = 5
    FILM = 6
    STANDINGS = 7


class Shared(Transport):
    """All cars of one race of our robot, through one mapping; `spin` looks before each sleep."""

    carries_ticks = True

    def __init__(self, cars: int, beam_angles: Sequence[float], check: Check, spin: int = 0) -> None:
        super().__init__()
        self.mapping: Mapping | None = Mapping(cars, beam_angles, spin)
        self._words = self.mapping.words
        self.telemetry = self.mapping.telemetry
        """What the robot writes into; `read` copies it into any other record."""
        self.controls = self.mapping.controls
        """What the robot reads; `send` copies any other record there."""
        bell = self.mapping.bell
        self._rings, self._pending, self._answered = (
            (bell + field.offset) // 4 for field in (Bell.rings, Bell.pending, Bell.answered)
        )
        self._ring = futex.waker(self.mapping.address + bell + Bell.rings.offset)
        self._until_answered = futex.sleeper(self.mapping.address + bell + Bell.answered.offset, 0)
        self._check, self._spin = check, spin
        self._core: Core | None = None
        self._number = 0

    @property
    def descriptor(self) -> int:
        """To be inherited by the game."""
        return self._open().descriptor

    def launched(self, cpu: int | None) -> None:
        """The game runs, keeping to core `cpu` if to any, and has inherited the descriptor."""
        self._open().seal()
        _open_here.add(self)
        self._core = None if cpu is None or self._spin else Core(cpu)

    def begin(self, seed: int | None, deadline: float, starts: np.ndarray | None = None) -> None:
        mapping = self._open()
        mapping.starts[:] = np.nan if starts is None else starts
        header = mapping.headers[0]
        header.seeded, header.seed = seed is not None, seed or 0
        self._command(Command.RESTART, 0, deadline)

    def send(self, controls: Controls, ticks: int = 1) -> None:
        if controls is not self.controls:
            self.controls.block[:] = controls.block
        self._give(Command.DRIVE, ticks)

    def read(self, telemetry: Telemetry, deadline: float) -> None:
        if self._words[_STATE] != self._number:
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
            _open_here.discard(self)
            self.mapping.seal()
            self.mapping = None
            del self._words, self.telemetry, self.controls

    def _sleep(self) -> None:
        # Who talks to several games in turn finds most answers ready, and would be pulled to and fro between cores.
        if self._core is not None and len(_open_here) == 1:
            self._core.wait(self._until_answered)
        else:
            self._until_answered()

    def _open(self) -> Mapping:
        if self.mapping is None:
            raise SimulatorLost("torcs: the memory shared with the game is closed; reset starts another game")
        return self.mapping

    def _give(self, command: Command, argument: int) -> None:
        words = self._words
        words[_WORD] = command
        words[_ARGUMENT] = argument
        words[self._answered] = 0
        words[self._pending] = 1
        words[_COMMAND] = words[self._rings] = self._number = (self._number + 1) & _ALL
        # Always, without asking whether the robot sleeps: between our write and such a look there would have to be a
        # fence, and the only one within Python's reach is this call.
        self._ring()

    def _command(self, command: Command, argument: int, deadline: float) -> bool:
        """Whether the robot did as told."""
        self._await(deadline)
        self._give(command, argument)
        self._await(deadline)
        return self._words[_VERDICT] == 0

    def _await(self, deadline: float) -> None:
        words, number = self._words, self._number
        for _ in range(self._spin):
            if words[_STATE] == number:
                return
        while words[_STATE] != number:
            self._sleep()
            if words[_STATE] == number:
                return
            self._check()
            if time.monotonic() > deadline:
                raise SimulatorTimeout("torcs: the game gave no state within its deadline (option deadlines)")
