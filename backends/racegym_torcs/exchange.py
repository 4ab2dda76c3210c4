"""Telling a game what to do and waiting until it has, by exchange.c, which `racegym torcs install` builds."""

from __future__ import annotations

import ctypes
import weakref
from enum import IntEnum
from functools import partial
from pathlib import Path

import numpy as np

from racegym import native
from racegym.errors import BackendUnavailable
from racegym.signals import Controls
from racegym_torcs.locate import REMEDY
from racegym_torcs.mapping import Bell, Header, Mapping

SOURCE = Path(__file__).with_suffix(".c")


class Command(IntEnum):
    """What the robot is told."""

    DRIVE = 1
    RESTART = 2
    SAVE = 3
    RESTORE = 4
    RELEASE = 5
    FILM = 6
    STANDINGS = 7


_open = ctypes.c_int32(0)
"""Conversations of this process."""


class _Conversation(ctypes.Structure):
    """As exchange.c has it."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("command_seq", "command", "argument", "state_seq")),
        *((name, ctypes.c_void_p) for name in ("rings", "pending", "answered", "open")),
        *((name, ctypes.c_int64) for name in ("spin", "core", "tied")),
        *((name, ctypes.c_void_p) for name in ("controls", "low", "high")),
        *((name, ctypes.c_int64) for name in ("numbers", "of_a_car", "wanted")),
    )


class Exchange:
    """The conversation with the only game of `mapping`, from `begin` on; `spin` looks before each sleep.

    `bounds` are the lowest and highest controls, ``(cars, ...)`` each; of a car's, the first `wanted` must be numbers.
    """

    def __init__(
        self, mapping: Mapping, spin: int, bounds: tuple[np.ndarray, np.ndarray], wanted: int
    ) -> None:
        wakes, sleeps = native.library(SOURCE), native.library(SOURCE, ctypes.CDLL)
        if wakes is None or sleeps is None:
            raise BackendUnavailable(
                f"torcs: {SOURCE.name} is not built from its present source; `{REMEDY}` builds it"
            )
        header = {
            name: mapping.address + getattr(Header, name).offset
            for name in ("command_seq", "command", "argument", "state_seq")
        }
        bell = {
            name: mapping.address + mapping.bell + getattr(Bell, name).offset
            for name in ("rings", "pending", "answered")
        }
        self._bounds = tuple(np.ascontiguousarray(end, float) for end in bounds)
        controls = mapping.controls.block
        self._struct = _Conversation(
            **header, **bell, open=ctypes.addressof(_open), spin=spin, core=-1, controls=_address(controls),
            low=_address(self._bounds[0]), high=_address(self._bounds[1]), numbers=controls.size,
            of_a_car=controls.shape[1], wanted=wanted,
        )  # fmt: skip
        struct = ctypes.c_void_p(ctypes.addressof(self._struct))
        # waking takes no time for other threads to run in, so the interpreter is let go of for the wait alone
        self.tell = partial(wakes.racegym_tell, struct)
        """A command and its argument, given and rung for."""
        self.wait = partial(sleeps.racegym_wait, struct)
        """Whether it has been answered; looks for 50 ms at most."""
        self._drive = partial(wakes.racegym_drive, struct, ctypes.c_uint32(Command.DRIVE))
        self._told: np.ndarray | None = None
        self._told_at = ctypes.c_void_p()
        self._mapping = mapping
        self._count = None

    def drive(self, controls: Controls, ticks: int) -> bool:
        """Tell the game to drive by `controls`, clipped; False, and nothing is told, when one that is wanted is NaN."""
        block = controls.block
        if block is not self._told:
            wanted = self._mapping.controls.block.shape
            if block.shape != wanted or not block.flags.c_contiguous:
                raise ValueError(f"controls in one piece of shape {wanted} are wanted, not {block.shape}")
            self._told, self._told_at = block, ctypes.c_void_p(_address(block))
        return self._drive(self._told_at, ticks) != 0

    def begin(self, core: int | None) -> None:
        """The game runs, and keeps to `core` if to any: who has no other game sleeps there, unless he spins."""
        self._struct.core = -1 if core is None or self._struct.spin else core
        _open.value += 1
        self._count = weakref.finalize(self, _forget)

    def end(self) -> None:
        """There is no conversation any more; may be called again."""
        if self._count is not None:
            self._count()


def _address(block: np.ndarray) -> int:
    return block.__array_interface__["data"][0]


def _forget() -> None:
    _open.value -= 1
