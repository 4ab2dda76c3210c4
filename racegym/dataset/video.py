"""Videos: frames to an mp4 file, encoded in a thread of their own."""

from __future__ import annotations

import queue
import threading
import uuid
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from racegym.errors import RacegymError
from racegym.extra import need

WAITING = 32
"""Frames that may wait for the encoder before the caller does."""


class Film:
    """One mp4 file (H.264) under way: `add` frames, then `close`. Odd sizes lose their last row or column."""

    def __init__(self, path: Path, rate: float) -> None:
        """`rate` is in frames a second."""
        self._av = need("av", "record")
        self.path = path
        self._rate = Fraction(rate).limit_denominator(1001)
        self._queue: queue.Queue[np.ndarray | None] = queue.Queue(WAITING)
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="racegym-video", daemon=True)
        self._thread.start()

    def add(self, frame: np.ndarray) -> None:
        """A picture, uint8 ``(height, width, 3)``; it may be reused afterwards."""
        self._queue.put(np.array(frame[: len(frame) // 2 * 2, : frame.shape[1] // 2 * 2]))

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()
        if self._failure is not None:
            raise RacegymError(
                f"{self.path}: the video could not be written: {self._failure}"
            ) from self._failure

    def _work(self) -> None:
        try:
            self._encode()
        except Exception as error:  # raised in `close`, where somebody hears it
            self._failure = error
            while self._queue.get() is not None:
                pass

    def _encode(self) -> None:
        with self._av.open(str(self.path), "w", format="mp4") as container:
            stream: Any = None
            while (frame := self._queue.get()) is not None:
                if stream is None:
                    stream = container.add_stream(
                        "libx264", rate=self._rate, options={"crf": "23", "preset": "veryfast"}
                    )
                    stream.height, stream.width = frame.shape[:2]
                    stream.pix_fmt = "yuv420p"
                container.mux(stream.encode(self._av.VideoFrame.from_ndarray(frame, format="rgb24")))
            if stream is not None:
                container.mux(stream.encode())


class Video:
    """The videos of a recording: one film an episode, `every` so many-th step a frame."""

    def __init__(
        self, folder: Path, frames: Callable[[], np.ndarray | None], every: int, seconds: float
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._frames = frames
        self._every = every
        self._rate = 1.0 / seconds
        self._film: Film | None = None
        self._taken = self._count = 0

    def begin(self) -> int:
        """Start a film with the first picture; the number of its frame, or -1 for none."""
        self._film = Film(self._folder / f"{uuid.uuid4().hex}.partial", self._rate)
        self._taken = self._count = 0
        return self._shoot()

    def take(self) -> int:
        """The picture of a step: its number, or -1 when it is not one to be kept."""
        self._taken += 1
        return self._shoot() if self._taken % self._every == 0 else -1

    def _shoot(self) -> int:
        frame = self._frames()
        if frame is None or self._film is None:
            return -1
        self._film.add(frame)
        self._count += 1
        return self._count - 1

    def end(self) -> Path | None:
        """Complete the film; where it is, or None without a frame."""
        film, self._film = self._film, None
        if film is None:
            return None
        film.close()
        if self._count:
            return film.path
        film.path.unlink(missing_ok=True)
        return None
