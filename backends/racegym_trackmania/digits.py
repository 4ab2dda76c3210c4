"""Learning a game's digits from pictures of it whose speed is known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from racegym.errors import ConfigurationError
from racegym_trackmania.hud import Hud, Patch


class Shown(NamedTuple):
    """A picture and the number that it shows."""

    name: str
    """For people: where it comes from."""
    pixels: np.ndarray
    """uint8 ``(height, width, 3)``"""
    value: int


class Area(NamedTuple):
    """A part of the picture in pixels, from its upper left corner."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> Area:
        """From ``left,top,width,height``; `ConfigurationError`."""
        if not re.fullmatch(r"\d+(,\d+){3}", text):
            raise ConfigurationError(
                f"area {text!r}: four numbers are wanted, left,top,width,height, in pixels"
            )
        return cls(*map(int, text.split(",")))


def load(path: Path) -> np.ndarray:
    """A picture's file as uint8 ``(height, width, 3)``; `ConfigurationError` when it is none."""
    from matplotlib import image

    try:
        pixels = image.imread(path)
    except Exception as error:  # readers raise what they like
        raise ConfigurationError(f"{path}: no picture: {error}") from error
    if pixels.ndim != 3:
        raise ConfigurationError(f"{path}: a picture in colour is wanted")
    if pixels.dtype != np.uint8:
        pixels = (pixels * 255 + 0.5).astype(np.uint8)
    return np.ascontiguousarray(pixels[..., :3])


def shown(path: Path) -> Shown:
    """The picture in a file that is named after the speed it shows, as in ``138.png`` or ``map7-138.png``."""
    numbers = re.findall(r"\d+", path.stem)
    if not numbers:
        raise ConfigurationError(f"{path}: its name does not end in the speed that it shows, as 138.png does")
    return Shown(str(path), load(path), int(numbers[-1]))


def patch(pixels: np.ndarray, area: Area) -> Patch:
    """What a picture shows in `area`."""
    part = pixels[area.top : area.top + area.height, area.left : area.left + area.width]
    if part.shape[:2] != (area.height, area.width):
        raise ConfigurationError(f"area {tuple(area)} lies outside the picture")
    return Patch(area.left, area.top, part.mean(axis=2).astype(np.uint8))


class _Glyph(NamedTuple):
    digit: int
    place: int
    """0 for the last."""
    start: int
    """Columns of the picture: from here"""
    stop: int
    """to before here."""
    lit: np.ndarray
    """bool ``(height, width)`` of the whole picture."""


def learn(pictures: Sequence[Shown], area: Area | None = None, bright: int = 250, digits: int = 3) -> Hud:
    """What the digits look like, and where they are; `area` is where nothing else is as bright as they are.

    Each digit must be seen, and of each of the last two places one as wide as the widest. `ConfigurationError` says
    what is wrong with which picture, and whatever is read from them by the result is what they show.
    """
    if not pictures or any(one.pixels.shape != pictures[0].pixels.shape for one in pictures):
        raise ConfigurationError("digits: pictures are wanted, all of one size: that of the game's window")
    height, width = pictures[0].pixels.shape[:2]
    area = area or Area(width * 2 // 3, height * 2 // 3, width - width * 2 // 3, height - height * 2 // 3)
    glyphs = [glyph for one in pictures for glyph in _glyphs(one, area, bright)]
    missing = set(range(10)) - {glyph.digit for glyph in glyphs}
    if missing:
        raise ConfigurationError(
            f"digits: no picture shows {', '.join(map(str, sorted(missing)))}; take more"
        )
    hud = _fitted(glyphs, (height, width), digits, bright)
    for one in pictures:
        if (found := hud.read(one.pixels)) != one.value:
            raise ConfigurationError(
                f"digits: {one.name} shows {one.value}, but what was learnt reads {found}; are all the numbers right? "
                "Is the area free of everything else that is bright (--area)?"
            )
    return hud


def _glyphs(one: Shown, area: Area, bright: int) -> list[_Glyph]:
    lit = np.zeros(one.pixels.shape[:2], bool)
    rows, columns = slice(area.top, area.top + area.height), slice(area.left, area.left + area.width)
    lit[rows, columns] = (one.pixels[rows, columns] >= bright).all(axis=2)
    ends = np.flatnonzero(np.diff(np.concatenate([[0], lit.any(axis=0), [0]])))
    runs = list(zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True))
    text = str(one.value)
    if len(runs) != len(text):
        raise ConfigurationError(
            f"digits: {one.name} shows {one.value}, but {len(runs)} bright shapes stand side by side in {tuple(area)}; "
            "name the part of the picture that holds the digits alone (--area), or what is bright (--bright)"
        )
    last = len(text) - 1
    return [
        _Glyph(int(digit), last - i, *run, lit) for i, (digit, run) in enumerate(zip(text, runs, strict=True))
    ]


def _fitted(glyphs: Sequence[_Glyph], size: tuple[int, int], digits: int, bright: int) -> Hud:
    """One grid for all: a cell as wide as the widest digit, as high as the highest."""
    lines = np.flatnonzero(np.any([glyph.lit.any(axis=1) for glyph in glyphs], axis=0))
    top, bottom = int(lines[0]), int(lines[-1]) + 1
    places = [[glyph for glyph in glyphs if glyph.place == place] for place in (0, 1)]
    if not all(places):
        raise ConfigurationError("digits: no picture shows a number of two digits; take more")
    rights = [max(glyph.stop for glyph in seen) for seen in places]
    lefts = [min(glyph.start for glyph in seen) for seen in places]
    wide = rights[0] - lefts[0]
    if wide != rights[1] - lefts[1]:
        raise ConfigurationError(
            "digits: the last place and the one before are not equally wide in these pictures; take more, with other "
            "digits in both places"
        )
    step = rights[0] - rights[1]
    templates = np.zeros((10, bottom - top, wide), bool)
    for digit in range(10):
        crops = [
            glyph.lit[top:bottom, rights[0] - glyph.place * step - wide : rights[0] - glyph.place * step]
            for glyph in glyphs
            if glyph.digit == digit
        ]
        templates[digit] = np.mean(crops, axis=0) > 0.5
    return Hud(templates, size[1] - rights[0], size[0] - bottom, step, digits, bright)
