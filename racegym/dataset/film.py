"""A recorded episode as a video: the track from above, the car on it, its speed and pedals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from racegym.dataset.video import Film
from racegym.driving import Drive, clock
from racegym.extra import need

if TYPE_CHECKING:
    from racegym.track import Track

SIZE = (960, 600)
RATE = 25.0
MARGIN, FOOT = 30, 70
"""Pixels around the map, and below it for the figures."""
PAPER, ASPHALT, KERB, INK, FAINT = "#ffffff", "#d9dce1", "#9aa1ab", "#23272f", "#8a9099"
TRAIL, CAR, THROTTLE, BRAKE = "#3a6ea5", "#d1495b", "#2a9d5c", "#d1495b"
CAR_LENGTH = 9.0
"""Pixels from the middle of the drawn car to its nose."""


class View:
    """Draws single frames of a drive, as uint8 arrays ``(height, width, 3)``."""

    def __init__(self, drive: Drive) -> None:
        self._image = need("PIL.Image", "record")
        self._draw = need("PIL.ImageDraw", "record")
        self._font = need("PIL.ImageFont", "record").load_default(22)
        self._rows = drive.telemetry
        self._title = f"{drive.simulator}   {drive.agent}"
        positions = self._rows["position"][:, :2]
        borders = [drive.track.left, drive.track.right] if drive.track else []
        points = np.concatenate([positions, *borders])
        low, high = points.min(axis=0), points.max(axis=0)
        room = np.array([SIZE[0] - 2 * MARGIN, SIZE[1] - 2 * MARGIN - FOOT])
        self._scale = float((room / np.maximum(high - low, 1.0)).min())
        self._shift = np.array([MARGIN, MARGIN]) + (room - (high - low) * self._scale) / 2
        self._low, self._high = low, high
        self._path = self._pixels(positions)
        self._ground = self._background(drive.track)

    def _pixels(self, points: np.ndarray) -> np.ndarray:
        scaled = (points - self._low) * self._scale
        scaled[:, 1] = (self._high[1] - self._low[1]) * self._scale - scaled[:, 1]
        return scaled + self._shift

    def _background(self, track: Track | None) -> Any:
        image = self._image.new("RGB", SIZE, PAPER)
        draw = self._draw.Draw(image)
        if track is not None:
            left, right = self._pixels(track.left), self._pixels(track.right)
            after = np.roll(np.arange(len(left)), -1)[: len(left) if track.closed else -1]
            for here, there in enumerate(after.tolist()):
                draw.polygon(
                    [tuple(p) for p in (left[here], left[there], right[there], right[here])], fill=ASPHALT
                )
            for side in (left, right):
                draw.line([tuple(p) for p in side], fill=KERB, width=1)
            draw.line([tuple(left[0]), tuple(right[0])], fill=INK, width=3)
        draw.text((MARGIN, SIZE[1] - FOOT), self._title, fill=INK, font=self._font)
        return image

    def frame(self, row: int) -> np.ndarray:
        """The picture of one row."""
        image = self._ground.copy()
        draw = self._draw.Draw(image)
        trail = self._path[max(0, row - 400) : row + 1 : 4]
        if len(trail) > 1:
            draw.line([tuple(p) for p in trail], fill=TRAIL, width=2)
        now, yaw = self._rows[row], float(self._rows["yaw"][row])
        nose = np.array([np.cos(yaw), -np.sin(yaw)]) * CAR_LENGTH
        side = np.array([nose[1], -nose[0]]) * 0.55
        middle = self._path[row]
        draw.polygon([tuple(middle + part) for part in (nose, side - nose, -side - nose)], fill=CAR)
        speed, lap = float(now["speed"]) * 3.6, int(now["laps"]) + 1
        text = f"{clock(max(0.0, float(now['time'])))}   {speed:3.0f} km/h   lap {lap}"
        draw.text((MARGIN, SIZE[1] - FOOT + 32), text, fill=FAINT, font=self._font)
        for place, (name, colour) in enumerate((("throttle", THROTTLE), ("brake", BRAKE))):
            x, y = SIZE[0] - MARGIN - 180, SIZE[1] - FOOT + 10 + 24 * place
            draw.rectangle([x, y, x + 180, y + 14], outline=KERB)
            draw.rectangle([x, y, x + 180 * float(np.clip(now[name], 0, 1)), y + 14], fill=colour)
        return np.asarray(image)


def film(drive: Drive, path: Path) -> int:
    """Write `drive` as an mp4 of `RATE` frames a second, in real time; how many frames it has."""
    view = View(drive)
    times = drive.telemetry["time"]
    wanted = np.arange(times[0], times[-1], 1 / RATE)
    rows = np.unique(np.searchsorted(times, wanted, side="right") - 1)
    out = Film(path, RATE)
    try:
        for row in rows.tolist():
            out.add(view.frame(row))
    finally:
        out.close()
    return len(rows)
