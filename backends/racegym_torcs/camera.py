"""Pictures from the game, in memory shared with its renderer, a process of the race that does nothing else.

`expose` is a command to the driver, which hands the scene of its present state to the renderer and goes on at once;
the picture's number is counted by both sides. Mirrors plugins/torcs/camera.h.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from racegym.errors import SimulatorLost, SimulatorTimeout
from racegym_torcs import futex
from racegym_torcs.options import CameraOptions
from racegym_torcs.transport import Check

MAGIC = 0x63796772
VERSION = 3
#: Each view's list and number in TORCS (module ssggraph, grcam.cpp), and its vertical field of view, degrees; 0: TORCS's own.
VIEWS = {"driver": (0, 3, 0.0), "bonnet": (0, 4, 0.0), "chase": (0, 1, 0.0), "top": (3, 0, 20.0)}
#: Keys that the window reports, by their bits.
KEYS = ("left", "right", "up", "down", "shift_up", "shift_down", "handbrake", "reverse", "quit")


class Header(ctypes.Structure):
    """What both sides know without being told."""

    _fields_ = (
        ("magic", ctypes.c_uint32),
        ("version", ctypes.c_uint32),
        ("bytes", ctypes.c_uint32),
        ("cars", ctypes.c_uint32),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("pixels_offset", ctypes.c_uint32),
        ("list", ctypes.c_uint32),
        ("number", ctypes.c_uint32),
        ("window", ctypes.c_uint32),
        ("fov", ctypes.c_float),
        ("times", ctypes.c_uint32),
        ("_pad0", ctypes.c_char * 16),
        ("wanted", ctypes.c_uint32),
        ("_pad1", ctypes.c_char * 60),
        ("made", ctypes.c_uint32),
        ("renderer", ctypes.c_uint32),
        ("time", ctypes.c_double),
        ("eye", ctypes.c_float * 3),
        ("centre", ctypes.c_float * 3),
        ("up", ctypes.c_float * 3),
        ("fovy", ctypes.c_float),
        ("_pad2", ctypes.c_char * 8),
        ("closed", ctypes.c_uint32),
        ("keys", ctypes.c_uint32),
        ("presses", ctypes.c_uint32),
        ("_pad3", ctypes.c_char * 52),
    )


class Viewpoint(NamedTuple):
    """Whence a picture was made."""

    eye: np.ndarray
    """m, world."""
    centre: np.ndarray
    """What lies in the middle of the picture, m."""
    up: np.ndarray
    fov: float
    """Vertical field of view, rad."""


class Pictures:
    """The memory of one game's pictures; the descriptor is to be inherited by the game and closed by `seal`."""

    def __init__(self, options: CameraOptions, cars: int, check: Check) -> None:
        shape = (cars, options.height, options.width, 3)
        start, size = ctypes.sizeof(Header), int(np.prod(shape))
        self.descriptor = os.memfd_create("racegym-torcs-camera", os.MFD_CLOEXEC)
        os.ftruncate(self.descriptor, start + size)
        memory = mmap.mmap(self.descriptor, start + size)
        self._header = header = Header.from_buffer(memory)
        header.magic, header.version, header.bytes, header.cars = MAGIC, VERSION, start + size, cars
        header.width, header.height, header.pixels_offset = options.width, options.height, start
        header.list, header.number, own = VIEWS[options.view]
        header.fov = options.fov or own
        header.window, header.times = options.window, 1
        self._made_address = ctypes.addressof(header) + Header.made.offset
        self._pixels = np.frombuffer(memory, np.uint8, size, start).reshape(shape)
        self._check = check
        self._wanted = 0

    def seal(self) -> None:
        """Let go of the descriptor, once the game has inherited it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def exposed(self) -> None:
        """One more picture was asked for."""
        self._wanted += 1

    def take(self, deadline: float) -> np.ndarray:
        """The picture asked for last, uint8 ``(cars, height, width, 3)``: the same memory each time.

        `SimulatorTimeout` after `deadline` on the monotonic clock, `SimulatorLost` when the game is gone or somebody
        has closed its window.
        """
        self.settle(deadline)
        if self._header.closed:
            raise SimulatorLost("torcs: its window was closed; the next reset opens it again")
        return self._pixels

    def settle(self, deadline: float) -> None:
        """Wait until the renderer is done with all that it was asked for; errors as from `take`."""
        header = self._header
        while (seen := header.made) != self._wanted:
            futex.wait(self._made_address, seen)
            if header.made == self._wanted:
                break
            self._check()
            if time.monotonic() > deadline:
                raise SimulatorTimeout(
                    "torcs: the game made no picture within its deadline (option deadlines)"
                )

    @contextmanager
    def repeated(self, times: int) -> Iterator[None]:
        """Each picture is drawn `times` times meanwhile, for measuring."""
        self._header.times = times
        try:
            yield
        finally:
            self._header.times = 1

    @property
    def first(self) -> bool:
        """Whether no picture was made yet: that one takes longer, for textures are loaded."""
        return self._header.made == 0

    @property
    def time(self) -> float:
        """The game's clock at the state that the last picture shows, s."""
        return self._header.time

    @property
    def viewpoint(self) -> Viewpoint:
        """Of the last picture of the first car."""
        header = self._header
        return Viewpoint(
            np.array(header.eye), np.array(header.centre), np.array(header.up), np.radians(header.fovy)
        )

    @property
    def keys(self) -> frozenset[str]:
        """Those of `KEYS` that are held down in the window."""
        held = self._header.keys
        return frozenset(name for bit, name in enumerate(KEYS) if held >> bit & 1)
