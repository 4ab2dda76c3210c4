"""Pictures: the plug-in's two buffers as they are, and the game's window under a display of its own."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator

import numpy as np
import pytest

import racegym
from racegym.errors import BackendUnavailable, SimulatorLost, SimulatorTimeout
from racegym_assetto_corsa.options import Window
from racegym_assetto_corsa.pictures import SharedSource, WindowSource, size, whole

WIDTH, HEIGHT = 16, 8


def memory(index: int, *pictures: np.ndarray) -> bytearray:
    return bytearray(struct.pack("<I", index) + b"".join(picture.tobytes() for picture in pictures))


def grey(value: int) -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 1), value, np.uint8)


def test_the_whole_picture_is_read_even_when_it_ends_in_black() -> None:
    black_end = grey(9)
    black_end[-3:] = 0
    for index, expected in ((0, grey(5)), (1, black_end)):
        found, pixels = whole(memory(index, grey(5), black_end), WIDTH, HEIGHT, 1)
        assert found == index and np.array_equal(pixels, expected)
    assert size(320, 240, 1) == 153_604


def test_a_new_picture_counts_and_colours_are_red_first() -> None:
    blue_first = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    blue_first[..., 0] = 200
    shared = memory(0, blue_first, blue_first)
    source = SharedSource(Window(width=WIDTH, height=HEIGHT, grey=False), shared)
    assert source.take().pixels[0, 0].tolist() == [0, 0, 200]
    numbers = [source.take().number]
    shared[0] = 1
    numbers.append(source.take().number)
    assert numbers == [1, 2]


def test_memory_of_another_kind_is_refused() -> None:
    with pytest.raises(SimulatorLost, match="color_mode"):
        SharedSource(Window(width=WIDTH, height=HEIGHT), memory(7, grey(1), grey(2))).take()
    with pytest.raises(SimulatorLost, match="holds no pictures"):
        SharedSource(Window(width=1000, height=HEIGHT), memory(0, grey(1), grey(2))).take()


def test_a_reader_that_is_overtaken_again_and_again_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from racegym_assetto_corsa import pictures

    flips = iter([0, 1] * 20)
    monkeypatch.setattr(pictures.struct, "unpack_from", lambda *_: (next(flips),))
    with pytest.raises(SimulatorTimeout, match="smaller"):
        whole(memory(0, grey(1), grey(2)), WIDTH, HEIGHT, 1)


@pytest.fixture
def display() -> Iterator[str]:
    for needed in ("mss", "Xlib"):
        pytest.importorskip(needed)
    if shutil.which("Xvfb") is None:
        pytest.skip("no Xvfb")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "640x480x24", "-nolisten", "tcp"],
        pass_fds=[write], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(5)


@pytest.fixture
def window(display: str) -> Iterator[str]:
    """An orange window with the game's title; the display that it is on."""
    from Xlib import X
    from Xlib.display import Display

    screen = Display(display)
    root = screen.screen()
    window = root.root.create_window(
        40, 30, 320, 240, 0, root.root_depth, background_pixel=0xFF8000, event_mask=X.ExposureMask
    )
    window.set_wm_name("Assetto Corsa")
    window.map()
    screen.sync()
    screen.next_event()
    yield display
    screen.close()


def test_without_the_window_it_says_so(display: str) -> None:
    with pytest.raises(BackendUnavailable, match="no window titled"):
        WindowSource(Window(), display)


def test_the_games_window_is_grabbed_resized_and_stamped(window: str) -> None:
    source = WindowSource(Window(width=32, height=24, grey=False), window)
    one, two = source.take(), source.take()
    assert one.pixels.shape == (24, 32, 3) and one.pixels[12, 16].tolist() == [255, 128, 0]
    assert (one.number, two.number) == (1, 2) and two.time > one.time
    source.close()


def test_the_picture_is_part_of_the_observation(window: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", window)
    terms = {"speed": {}, "frames": {"camera": "game", "width": 8, "height": 6}}
    env = racegym.make(
        "assetto_corsa/stand-in",
        overrides={
            "simulator.camera": {"width": 16, "height": 12, "grey": False},
            "simulator.stand_in.pace": 10.0,
            "task.observation": {"format": "dict", "terms": terms},
        },
    )
    try:
        env.reset(seed=0)
        seen, *_ = env.step(env.action_space.sample())
        assert np.unique(seen["frames"]).tolist() == [round(0.299 * 255 + 0.587 * 128)]
        assert env.unwrapped.session.fleet.members[0][0].picture.number >= 2
    finally:
        env.close()
