"""The memory shared with the robot: an anonymous file without a name, laid out here and read by plugins/torcs/shared.h.

All offsets are in bytes. The rows are float64 exactly as `racegym.signals` declares them; the robot finds its columns
by their names in the layout text, so that either side may learn new quantities.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from racegym.signals import BEAMS, CONTROLS, SIGNALS, Controls, Table, Telemetry

MAGIC = 0x6D796772
VERSION = 3
SLOTS = 1024
"""States that can be kept at the same time."""
START_FIELDS = 4
"""Numbers of a car's start: distance, offset, heading, speed; NaN as the grid has it."""

_LINE = 64


class Header(ctypes.Structure):
    """What both sides know without being told, of one game."""

    _fields_ = (
        ("magic", ctypes.c_uint32),
        ("version", ctypes.c_uint32),
        ("bytes", ctypes.c_uint32),
        ("cars", ctypes.c_uint32),
        ("layout_offset", ctypes.c_uint32),
        ("layout_size", ctypes.c_uint32),
        ("telemetry_offset", ctypes.c_uint32),
        ("controls_offset", ctypes.c_uint32),
        ("starts_offset", ctypes.c_uint32),
        ("slots_offset", ctypes.c_uint32),
        ("slots", ctypes.c_uint32),
        ("spin", ctypes.c_uint32),
        ("bell_offset", ctypes.c_uint32),
        ("bell_bit", ctypes.c_uint32),
        ("beams", ctypes.c_double * BEAMS),
        ("_pad0", ctypes.c_char * 48),
        ("state_seq", ctypes.c_uint32),
        ("verdict", ctypes.c_uint32),
        ("driver", ctypes.c_uint32),
        ("_pad1", ctypes.c_char * 52),
        ("command_seq", ctypes.c_uint32),
        ("command", ctypes.c_uint32),
        ("argument", ctypes.c_uint32),
        ("seeded", ctypes.c_uint32),
        ("seed", ctypes.c_uint64),
        ("_pad2", ctypes.c_char * 40),
    )


class Answer(IntEnum):
    """What the bell's word `answered` says. Whoever answers last wakes us only where we said that we sleep."""

    AWAITED = 0
    GIVEN = 1
    SLEPT_ON = 2


class Bell(ctypes.Structure):
    """The words that all games and we sleep on: they until it rings, we until all is answered."""

    _fields_ = (
        ("rings", ctypes.c_uint32),
        ("_pad0", ctypes.c_char * 60),
        ("pending", ctypes.c_uint32),
        ("_pad1", ctypes.c_char * 60),
        ("answered", ctypes.c_uint32),
        ("_pad2", ctypes.c_char * 60),
    )


def layout() -> str:
    """Names, first columns and sizes of all that a row holds."""
    return "".join(
        f"{name} {table.width}\n" + "".join(_columns(table))
        for name, table in (("telemetry", SIGNALS), ("controls", CONTROLS))
    )


def _columns(table: Table) -> list[str]:
    return [f"{name} {table.columns(name).start} {table[name].size}\n" for name in table]


class Mapping:
    """The memory shared with one game, or several of `cars` cars each: their headers, one bell, blocks of all rows.

    The file descriptor is to be passed to the games, and closed by `seal`.
    """

    def __init__(self, cars: int, beam_angles: Sequence[float], spin: int, games: int = 1) -> None:
        text, rows, slots = layout().encode(), games * cars, SLOTS if games == 1 else 0
        sizes = {
            "header": games * ctypes.sizeof(Header), "bell": ctypes.sizeof(Bell), "layout": len(text),
            "telemetry": 8 * rows * SIGNALS.width, "controls": 8 * rows * CONTROLS.width,
            "starts": 8 * rows * START_FIELDS, "slots": 4 * slots,
        }  # fmt: skip
        offsets, end = {}, 0
        for part, size in sizes.items():
            offsets[part] = end
            end += -(-size // _LINE) * _LINE
        self.descriptor = os.memfd_create("racegym-torcs", os.MFD_CLOEXEC)
        os.ftruncate(self.descriptor, end)
        self._memory = mmap.mmap(self.descriptor, end)
        buffer = memoryview(self._memory)
        buffer[offsets["layout"] : offsets["layout"] + len(text)] = text
        self.headers = [
            Header.from_buffer(self._memory, game * ctypes.sizeof(Header)) for game in range(games)
        ]
        for game, header in enumerate(self.headers):
            header.magic, header.version, header.bytes, header.cars = MAGIC, VERSION, end, cars
            header.layout_offset, header.layout_size = offsets["layout"], len(text)
            header.bell_offset, header.bell_bit = offsets["bell"], 1 << game % 32
            header.telemetry_offset = offsets["telemetry"] + 8 * game * cars * SIGNALS.width
            header.controls_offset = offsets["controls"] + 8 * game * cars * CONTROLS.width
            header.starts_offset = offsets["starts"] + 8 * game * cars * START_FIELDS
            header.slots_offset, header.slots, header.spin = offsets["slots"], slots, spin
            header.beams[:] = beam_angles
        self.address = ctypes.addressof(self.headers[0])
        self.bell = offsets["bell"]
        self.words = buffer.cast("I")
        """The whole memory as 32 bit words: quicker to read and write than the fields of a structure."""
        self.telemetry = Telemetry(rows, self._rows(offsets["telemetry"], rows, SIGNALS.width))
        self.telemetry.block[:] = np.nan
        self.controls = Controls(rows, self._rows(offsets["controls"], rows, CONTROLS.width))
        self.starts = self._rows(offsets["starts"], rows, START_FIELDS)
        self.starts[:] = np.nan
        self.slots = np.frombuffer(self._memory, np.uint32, slots, offsets["slots"])
        """What each slot holds: 0 nothing; a state waits to be restored otherwise."""

    def field(self, name: str) -> np.ndarray:
        """A 32 bit field of every game's header, ``(games,)``."""
        words, stride = np.frombuffer(self._memory, np.uint32), ctypes.sizeof(Header) // 4
        return words[getattr(Header, name).offset // 4 :: stride][: len(self.headers)]

    def _rows(self, offset: int, cars: int, width: int) -> np.ndarray:
        return np.frombuffer(self._memory, np.float64, cars * width, offset).reshape(cars, width)

    def seal(self) -> None:
        """Let go of the descriptor, once the games have inherited it; the memory stays as long as somebody maps it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
