"""Digits learnt from pictures, and what is made of a HUD that cannot be read."""

from __future__ import annotations

import time

import numpy as np
import pytest
from trackmania import controls, game
from typer.testing import CliRunner

from racegym.errors import ConfigurationError, SimulatorLost, SimulatorTimeout
from racegym_trackmania import backend, hud
from racegym_trackmania.cli import app
from racegym_trackmania.digits import Area, Shown, learn, load
from racegym_trackmania.stand_in.window import frame_number
from racegym_trackmania.watch import Watch

ENOUGH = (7, 18, 29, 30, 45, 56, 138, 204)


def drawn(value: int | None, of: hud.Hud, width: int = 200, height: int = 100) -> np.ndarray:
    """A picture that shows `value` by these digits."""
    picture = np.full((height, width, 3), 90, np.uint8)
    tall, wide = of.templates.shape[1:]
    for place, digit in enumerate(reversed("" if value is None else str(value))):
        right = width - of.right - place * of.step
        bottom = height - of.bottom
        picture[bottom - tall : bottom, right - wide : right][of.templates[int(digit)]] = 255
    return picture


def of_numbers(values=ENOUGH, of: hud.Hud = hud.STANDIN) -> list[Shown]:
    return [Shown(f"{value}.png", drawn(value, of), value) for value in values]


def strange() -> hud.Hud:
    """Digits of another game: larger, elsewhere, narrower ones among them."""
    dots = hud.FONT.repeat(4, axis=1).repeat(3, axis=2)
    dots[:, :4] = dots[:, 1:5] ^ dots[:, :4] | dots[:, :4]
    return hud.Hud(dots, right=21, bottom=13, step=19)


@pytest.mark.parametrize("of", [hud.STANDIN, strange()], ids=["the stand-in's", "others"])
def test_what_is_learnt_from_a_few_pictures_reads_every_number(of):
    learnt = learn(of_numbers(of=of), area=Area(100, 40, 100, 60))
    assert [learnt.read(drawn(value, of)) for value in range(1000)] == list(range(1000))


def test_a_digit_that_no_picture_shows_is_named():
    with pytest.raises(ConfigurationError, match="shows 6, 9"):
        learn(of_numbers([7, 18, 20, 30, 45, 138]))


def test_a_wrong_number_is_found_by_reading_back():
    pictures = of_numbers()
    pictures[2] = pictures[2]._replace(value=92)
    with pytest.raises(ConfigurationError, match="are all the numbers right"):
        learn(pictures)


def test_what_is_bright_beside_the_digits_is_said():
    pictures = of_numbers()
    pictures[0].pixels[80:90, 140:150] = 255
    with pytest.raises(ConfigurationError, match=r"7\.png.*--area"):
        learn(pictures)


def test_the_command_makes_a_file_of_screenshots_of_another_game(tmp_path):
    from matplotlib import image

    of, finish = strange(), drawn(None, strange())
    finish[10:30, 20:60] = (np.indices((20, 40)).sum(axis=0) % 8 < 4)[..., None] * np.uint8(255)
    for value in ENOUGH:
        image.imsave(tmp_path / f"{value}.png", drawn(value, of))
    image.imsave(tmp_path / "finish.png", finish)
    pictures = [str(tmp_path / f"{value}.png") for value in ENOUGH]
    words = ["digits", str(tmp_path / "game.npz"), *pictures, "--area", "100,40,100,60"]
    words += ["--finish", str(tmp_path / "finish.png"), "--finish-area", "20,10,40,20"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    made = hud.load(tmp_path / "game.npz")
    assert made.read(drawn(369, of)) == 369
    assert made.finished(finish) and not made.finished(drawn(0, of))


def test_digits_learnt_from_the_running_game_tell_what_its_telemetry_tells(display, tmp_path):
    simulator = game(display=display, dot=3, rate=30)
    simulator.open()
    reader = simulator.connection.reader
    assert reader is not None
    simulator.reset()
    seen: dict[int, Shown] = {}
    for _ in range(300):
        simulator.send(controls(throttle=1))
        simulator.read()
        picture, state = simulator.frame("screen")[0], reader.newest
        value = round(3.6 * abs(state.velocity[0]))
        # of the frame that the telemetry is of, and no other
        if frame_number(picture) == state.sequence and value not in seen:
            seen[value] = Shown(f"frame {state.sequence}", picture, value)
        if {digit for number in seen for digit in str(number)} == set("0123456789") and max(seen) > 120:
            break
    words = ["picture", str(tmp_path / "now.png"), "--game", "tm2020", "--display", display]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert load(tmp_path / "now.png").shape == (128, 256, 3)
    learn(list(seen.values())).save(tmp_path / "digits.npz")
    simulator.close()
    reading = game(display=display, dot=3, source="pixels", hud=str(tmp_path / "digits.npz"))
    reading.open()
    reading.reset()
    end = time.monotonic() + 40
    while reading.read()["speed"][0] < 5 and time.monotonic() < end:
        reading.send(controls(throttle=1))
    assert reading.read()["speed"][0] > 4 and reading.watch.unread == 0
    reading.close()


def test_another_games_digits_have_to_be_made_first():
    with pytest.raises(ValueError, match="racegym trackmania digits"):
        backend.options(map="loaded", source="pixels")


# what cannot be read


def test_an_unreadable_speed_is_held_and_counted_and_soon_is_a_lost_game():
    watch = Watch(hud.STANDIN, patience=0.35)
    watch.begin(10.0)
    watch.look(drawn(72, hud.STANDIN), 10.0)
    for step in range(1, 7):
        dark = drawn(None, hud.STANDIN)
        dark[0, 0] = step
        watch.look(dark, 10 + 0.05 * step)
        assert watch.speed == 20 and watch.unread == step
    with pytest.raises(SimulatorLost, match="racegym trackmania digits"):
        watch.look(drawn(None, hud.STANDIN), 10.4)


def test_a_picture_that_stands_still_is_a_stalled_game():
    watch = Watch(hud.STANDIN, patience=0.35)
    watch.begin(10.0)
    for moment in (10.0, 10.1, 10.3):
        watch.look(drawn(72, hud.STANDIN), moment)
    with pytest.raises(SimulatorTimeout, match="stalled"):
        watch.look(drawn(72, hud.STANDIN), 10.4)


@pytest.mark.parametrize("shape", [(4, 4), (10, 200), (100, 3)])
def test_no_picture_is_too_small_or_too_strange_to_be_looked_at(shape):
    noise = np.random.default_rng(1).integers(0, 256, (*shape, 3)).astype(np.uint8)
    assert hud.STANDIN.read(noise) is None
    assert not hud.STANDIN.finished(noise)
