"""Writing recordings: episodes go to a thread of their own, which appends row groups to Parquet parts."""

from __future__ import annotations

import atexit
import hashlib
import json
import queue
import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from racegym.dataset.layout import FORMAT, KEY, PARTIAL, Layout
from racegym.errors import ConfigurationError, RacegymError
from racegym.extra import need
from racegym.track import Track

ROWS = 100_000
"""A part is closed once it holds so many rows."""
WAITING = 16
"""Episodes that may wait for the writer before recording itself waits."""
LEVEL = 3
"""Of Zstandard: higher levels save a few percent and cost several times the time."""


@dataclass
class Taped:
    """An episode as it comes from the tape."""

    rows: np.ndarray
    observations: np.ndarray
    info: dict[str, Any] = field(default_factory=dict)
    video: Path | None = None


class Parts:
    """The writing side of a recording's folder; `close` makes it whole.

    Failures of the writer's thread come up in `add` and `close`.
    """

    def __init__(self, folder: Path, layout: Layout, about: dict[str, Any]) -> None:
        """`about` is what the metadata says of every episode; PyArrow must be there."""
        self._parquet = need("pyarrow.parquet", "record")
        self._folder = _folder(folder)
        self._layout = layout
        self._about = {"format": FORMAT, **about}
        self._stem = f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
        self._part = 0
        self._rows = 0
        self._writer: Any = None
        self._episodes: list[dict[str, Any]] = []
        self._queue: queue.Queue[Taped | None] = queue.Queue(WAITING)
        self._failure: Exception | None = None
        self._thread: threading.Thread | None = None

    def track(self, track: Track) -> str:
        """Keep `track` beside the parts; the name that episodes refer to it by."""
        shape = b"".join(
            np.ascontiguousarray(part).tobytes()
            for part in (track.points, track.width_left, track.width_right)
        )
        digest = hashlib.sha256(track.name.encode() + shape).hexdigest()[:16]
        path = self._folder / "tracks" / f"{digest}.npz"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            temporary = path.with_name(f"{self._stem}-{digest}.npz")
            track.save(temporary)
            temporary.replace(path)
        return digest

    def add(self, episode: Taped) -> None:
        """Hand an episode to the writer."""
        self._raise()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="racegym-recording", daemon=True)
            self._thread.start()
            atexit.register(self.close)
        self._queue.put(episode)

    def close(self) -> None:
        """Wait for the writer and complete the last part; may be called again."""
        if self._thread is None:
            return
        self._queue.put(None)
        self._thread.join()
        self._thread = None
        atexit.unregister(self.close)
        self._raise()

    def _raise(self) -> None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise RacegymError(f"{self._folder}: the recording could not be written: {failure}") from failure

    def _work(self) -> None:
        while (episode := self._queue.get()) is not None:
            if self._failure is None:
                self._try(lambda episode=episode: self._write(episode))
        self._try(self._complete)

    def _try(self, work: Any) -> None:
        try:
            work()
        except Exception as error:  # whatever it is, it is raised where the recording is used
            self._failure = error

    @property
    def _name(self) -> str:
        return f"{self._stem}-{self._part:05}"

    def _write(self, episode: Taped) -> None:
        if self._writer is None:
            self._writer = self._parquet.ParquetWriter(
                self._folder / f"{self._name}.parquet{PARTIAL}",
                self._layout.schema(),
                compression="zstd",
                compression_level=LEVEL,
                use_dictionary=False,
                use_byte_stream_split=self._layout.floats(),
                write_statistics=False,
            )
        if episode.video is not None:
            video = self._folder / "frames" / f"{self._name}-{len(self._episodes):05}.mp4"
            episode.video.replace(video)
            episode.info["video"] = video.relative_to(self._folder).as_posix()
        table = self._layout.table(episode.rows, episode.observations)
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self._episodes.append(episode.info)
        self._rows += table.num_rows
        if self._rows >= ROWS:
            self._complete()

    def _complete(self) -> None:
        if self._writer is None:
            return
        whole = {**self._about, "episodes": self._episodes}
        self._writer.add_key_value_metadata({KEY: json.dumps(whole, allow_nan=False)})
        self._writer.close()
        self._writer = None
        path = self._folder / f"{self._name}.parquet"
        path.with_name(path.name + PARTIAL).replace(path)
        self._part, self._rows, self._episodes = self._part + 1, 0, []


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be made ({error.strerror}); choose another folder for the recording"
        ) from error
    return path
