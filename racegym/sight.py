"""Observation terms over a simulator's cameras: frames as they are, and tmrl's beams counted in pixels."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from racegym.capture import frames
from racegym.errors import ConfigurationError
from racegym.observations import OBSERVATIONS, Fill, Observation
from racegym.signals import Controls, Telemetry
from racegym.simulator import Camera
from racegym.terms import Context


class Frames(Observation):
    """What a camera sees, resized to `width` x `height`, values 0 to 255: in a Dict uint8 ``(moments,
    height, width)``.
    """

    camera: str = "screen"
    width: int = Field(default=64, ge=1, le=4096)
    height: int = Field(default=64, ge=1, le=4096)
    grey: bool = True
    """One brightness a pixel; else red, green and blue, as a last axis."""

    def picture(self, context: Context) -> tuple[int, ...]:
        return (self.height, self.width) if self.grey else (self.height, self.width, 3)

    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        camera_of(context, self.camera)
        size = int(np.prod(self.picture(context)))
        return np.zeros(size), np.full(size, 255.0)

    def bind(self, context: Context) -> Fill:
        def film(now: Telemetry, controls: Controls, out: np.ndarray) -> None:
            for row, pixels in enumerate(context.cameras.frame(self.camera)):
                small = frames.resize(pixels, self.width, self.height)
                out[row] = (frames.grey(small) if self.grey else small).ravel()

        return film


class CameraPicture(Observation):
    """What the simulator's camera sees, as it is: uint8 ``(height, width, channels)``, 0 to 255.

    Of a `stack` the moments, newest first, lie behind each other in the channels.
    """

    name: str | None = None
    """Which camera; None: the simulator's first."""
    colour: Literal["rgb", "grey"] = "rgb"
    stack: int = Field(default=1, ge=1, le=64)

    @property
    def moments(self) -> tuple[int, ...]:
        return tuple(range(self.stack))

    def picture(self, context: Context) -> tuple[int, ...]:
        camera = camera_of(context, self.name)
        return (camera.height, camera.width, 3 if self.colour == "rgb" else 1)

    def arranged(self, pixels: np.ndarray) -> np.ndarray:
        if self.stack == 1:
            return pixels[:, 0]
        return np.concatenate([pixels[:, moment] for moment in range(pixels.shape[1])], axis=-1)

    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        size = int(np.prod(self.picture(context)))
        return np.zeros(size), np.full(size, 255.0)

    def bind(self, context: Context) -> Fill:
        name = camera_of(context, self.name).name

        def film(now: Telemetry, controls: Controls, out: np.ndarray) -> None:
            pixels = context.cameras.frame(name)
            if self.colour == "grey":
                pixels = (pixels @ frames.GREY + 0.5).astype(np.uint8)
            np.copyto(out, pixels.reshape(len(pixels), -1))

        return film


class PixelBeams(Observation):
    """tmrl's LIDAR: pixels to the first dark one along 19 rays over the picture, from right to left, over `scale`."""

    camera: str = "screen"
    threshold: int = Field(default=55, ge=1, le=255)
    """Dark is below it in red, green and blue."""
    scale: float = Field(default=1.0, gt=0)

    def bounds(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        camera = camera_of(context, self.camera)
        return np.zeros(19), np.full(19, (camera.width + camera.height) / self.scale)

    def bind(self, context: Context) -> Fill:
        def beams(now: Telemetry, controls: Controls, out: np.ndarray) -> None:
            for row, pixels in enumerate(context.cameras.frame(self.camera)):
                out[row] = frames.lidar(pixels, self.threshold) / self.scale

        return beams


def camera_of(context: Context, name: str | None) -> Camera:
    """The camera called `name`, the first for None; `ConfigurationError` that names those there are."""
    for camera in context.spec.cameras:
        if name is None or camera.name == name:
            return camera
    known = ", ".join(camera.name for camera in context.spec.cameras) or "none"
    raise ConfigurationError(
        f"task.observation: {context.spec.name} has no camera {name or 'at all'!r}; there is {known}"
    )


OBSERVATIONS.terms.update({"camera": CameraPicture, "frames": Frames, "pixel_beams": PixelBeams})
