"""Telling a game what to do and waiting until it has, by exchange.c, which `racegym torcs install` builds."""

from __future__ import annotations

import ctypes
import weakref
from functools import partial
from pathlib import Path

from racegym import native
from racegym.errors import BackendUnavailable
from racegym_torcs.locate import REMEDY
from racegym_torcs.mapping import Bell, Header, Mapping

SOURCE = Path(__file__).with_suffix(".c")

_open = ctypes.c_int32(0)
"""Conversations of this process."""


class _Conversation(ctypes.Structure):
    """As exchange.c has it."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("command_seq", "command", "argument", "state_seq")),
        *((name, ctypes.c_void_p) for name in ("rings", "pending", "answered", "open")),
        *((name, ctypes.c_int64) for name in ("spin", "core", "tied")),
    )


class Exchange:
    """The conversation with the only game of `mapping`, from `begin` on; `spin` looks before each sleep."""

    def __init__(self, mapping: Mapping, spin: int) -> None:
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
        self._struct = _Conversation(**header, **bell, open=ctypes.addressof(_open), spin=spin, core=-1)
        struct = ctypes.c_void_p(ctypes.addressof(self._struct))
        # waking takes no time for other threads to run in, so the interpreter is let go of for the wait alone
        self.tell = partial(wakes.racegym_tell, struct)
        """A command and its argument, given and rung for."""
        self.wait = partial(sleeps.racegym_wait, struct)
        """Whether it has been answered; looks for 50 ms at most."""
        self._mapping = mapping
        self._count = None

    def begin(self, core: int | None) -> None:
        """The game runs, and keeps to `core` if to any: who has no other game sleeps there, unless he spins."""
        self._struct.core = -1 if core is None or self._struct.spin else core
        _open.value += 1
        self._count = weakref.finalize(self, _forget)

    def end(self) -> None:
        """There is no conversation any more; may be called again."""
        if self._count is not None:
            self._count()


def _forget() -> None:
    _open.value -= 1
