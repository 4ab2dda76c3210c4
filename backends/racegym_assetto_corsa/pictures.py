"""Pictures of the game: its window, grabbed from the screen, or assetto_corsa_gym's shared memory (Windows).

The shared memory holds two pictures; its first four bytes say which is the whole one. Writers flip it without a
number, a time or a lock, so a reader copies, looks again, and starts anew when it was overtaken.
"""

from __future__ import annotations

import mmap
import struct
import sys
import time
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from racegym.capture import Screen, find, frames
from racegym.errors import BackendUnavailable, SimulatorLost, SimulatorTimeout
from racegym_assetto_corsa.options import Window as Wanted

#: Name of assetto_corsa_gym's mapping.
MAPPING = "Local\\DualBufferImage"
HEAD = 4
#: How often a reader starts anew before it gives up.
TRIES = 5


@dataclass(frozen=True)
class Picture:
    """Pixels with their origin."""

    pixels: np.ndarray
    """uint8 ``(height, width, channels)``, rows top-down; red first where there are three."""
    number: int
    """Counts pictures; in shared memory, those that were seen to be new."""
    time: float
    """On `time.perf_counter`, when it was taken."""


class Source(Protocol):
    def take(self) -> Picture:
        """The newest picture."""
        ...

    def close(self) -> None: ...


class WindowSource:
    """The client area of the window with that title, resized."""

    def __init__(self, wanted: Wanted, display: str | None = None) -> None:
        self._wanted = wanted
        self._window = find([wanted.title], display=display)
        if self._window is None:
            raise BackendUnavailable(
                f"assetto_corsa: no window titled {wanted.title!r}; start the game in a window, or set "
                "simulator.camera.title"
            )
        self._screen = Screen(display)
        self._number = 0

    def take(self) -> Picture:
        if self._window is None:
            raise SimulatorLost("assetto_corsa: the camera is closed; call open() first")
        wanted = self._wanted
        shot = self._screen.grab(self._window.rectangle())
        small = frames.resize(shot.pixels, wanted.width, wanted.height)
        self._number += 1
        return Picture(frames.grey(small) if wanted.grey else small, self._number, shot.time)

    def close(self) -> None:
        if self._window is not None:
            self._window.close()
            self._screen.close()
            self._window = None


def size(width: int, height: int, channels: int) -> int:
    """Bytes of the shared memory."""
    return HEAD + 2 * width * height * channels


def whole(memory: Any, width: int, height: int, channels: int) -> tuple[int, np.ndarray]:
    """Which of the two pictures is the whole one, and a copy of it as it lies there: blue first where there are three.

    `SimulatorTimeout` when the writer overtakes the reader again and again, `ValueError` for an index that is none.
    """
    length = width * height * channels
    for _ in range(TRIES):
        (index,) = struct.unpack_from("<I", memory, 0)
        if index > 1:
            raise ValueError(f"index {index}")
        start = HEAD + index * length
        pixels = np.frombuffer(memory, np.uint8, length, start).reshape(height, width, channels).copy()
        if struct.unpack_from("<I", memory, 0)[0] == index:
            return index, pixels
    raise SimulatorTimeout(
        "assetto_corsa: the plug-in writes pictures faster than they can be read; ask for smaller ones"
    )


class SharedSource:
    """The plug-in's two pictures."""

    def __init__(self, wanted: Wanted, memory: Any = None) -> None:
        self._shape = (wanted.width, wanted.height, 1 if wanted.grey else 3)
        if memory is None:
            if sys.platform != "win32":
                raise BackendUnavailable(
                    "assetto_corsa: the plug-in's pictures are in memory that Windows alone shares; set "
                    "simulator.camera.source: window"
                )
            memory = mmap.mmap(-1, size(*self._shape), MAPPING)
        self._memory: Any = memory
        self._number, self._index = 0, -1

    def take(self) -> Picture:
        try:
            index, pixels = whole(self._memory, *self._shape)
        except ValueError as error:
            raise SimulatorLost(
                f"assetto_corsa: the shared memory {MAPPING} holds no pictures of {self._shape} "
                f"({error}); the plug-in's "
                "final_image_width, final_image_height and color_mode must be the camera's"
            ) from error
        if index != self._index:
            self._number, self._index = self._number + 1, index
        return Picture(np.ascontiguousarray(pixels[..., ::-1]), self._number, time.perf_counter())

    def close(self) -> None:
        if isinstance(self._memory, mmap.mmap):
            self._memory.close()


def open_source(wanted: Wanted) -> Source:
    """The source that the options ask for."""
    return WindowSource(wanted) if wanted.source == "window" else SharedSource(wanted)
