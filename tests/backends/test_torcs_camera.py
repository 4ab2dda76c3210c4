"""Pictures from the game: of the state they come with, the same again, several games at once, nothing left behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from filming import HEIGHT, WIDTH, drive, game

import racegym
from racegym.errors import ConfigurationError, SimulatorLost
from racegym_torcs import graphics, locate
from racegym_torcs.simulator import Torcs


@pytest.fixture(autouse=True)
def _screen() -> None:
    assert shutil.which(graphics.XVFB), f"pictures need {graphics.XVFB}: {graphics.REMEDY}"


def film(simulator: Torcs, steps: int) -> None:
    for _ in range(steps):
        drive(simulator, 1)
        simulator.frame("bonnet")


def children(pid: int) -> set[int]:
    found: set[int] = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        if parent == pid:
            found |= {int(path.parent.name), *children(int(path.parent.name))}
    return found


class Bonnet:
    """Where TORCS's bonnet camera sits in car1-trb1, and what it sees where (ssggraph, grcam.cpp)."""

    fov = np.radians(67.5)

    def __init__(self) -> None:
        installation = locate.require()
        text = (installation.data / "cars" / "car1-trb1" / "car1-trb1.xml").read_text("latin-1")

        def number(section: str, name: str) -> float:
            found = re.search(
                rf'<section name="{section}">.*?name="{name}"[^>]*val="([-0-9.]+)"', text, re.DOTALL
            )
            assert found
            return float(found[1])

        share = number("Car", "front-rear weight repartition")
        gravity = share * number("Front Axle", "xpos") + (1 - share) * number("Rear Axle", "xpos")
        self.origin = np.array([gravity, 0, number("Car", "GC height")])
        self.seat = np.array([number("Driver", f"{axis}pos") for axis in "xyz"])

    def project(self, points: np.ndarray, now) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Columns, rows and distances (m ahead) of world points (n, 3)."""
        yaw, pitch, roll = (float(now[name][0]) for name in ("yaw", "pitch", "roll"))
        about_z = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
        about_y = np.array([[np.cos(pitch), 0, np.sin(pitch)], [0, 1, 0], [-np.sin(pitch), 0, np.cos(pitch)]])
        about_x = np.array([[1, 0, 0], [0, np.cos(roll), -np.sin(roll)], [0, np.sin(roll), np.cos(roll)]])
        turn = about_z @ about_y @ about_x
        ahead, left, up = ((points - (now["position"][0] - self.origin + turn @ self.seat)) @ turn).T
        focal = HEIGHT / 2 / np.tan(self.fov / 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            return WIDTH / 2 - left / ahead * focal, HEIGHT / 2 - up / ahead * focal, ahead


def white_line(frame: np.ndarray, column: float, row: float, reach: int = 9) -> float:
    """Columns from the expected place to the brightest one beside it; NaN where nothing stands out."""
    place, line = round(column), frame[round(row)].mean(axis=-1)
    window = line[place - reach : place + reach + 1]
    if window.max() - np.median(window) < 25:
        return np.nan
    return float(np.argmax(window) - reach)


POSES = [(700.0, 0.0, 0.0), (1200.0, 0.5, 0.2), (2000.0, -0.4, -0.15), (2000.0, 0.3, 0.1)]


def test_the_road_s_edges_lie_where_pose_and_camera_say() -> None:
    bonnet, simulator, seen = Bonnet(), game(), []
    simulator.open()
    try:
        track = simulator.track
        assert track is not None
        for distance, offset, heading in POSES:
            start = {"distance": distance, "offset": offset, "heading": heading, "speed": 0.0}
            now = simulator.reset(options={"start": start})
            frame = simulator.frame("bonnet")[0]
            for border in (track.left, track.right):
                columns, rows, ahead = bonnet.project(np.column_stack([border, track.elevation]), now)
                near = (
                    (ahead > 5) & (ahead < 14) & (columns > 12) & (columns < WIDTH - 12) & (rows < HEIGHT - 1)
                )
                seen += [white_line(frame, c, r) for c, r in zip(columns[near], rows[near], strict=True)]
    finally:
        simulator.close()
    gaps = np.array(seen)[np.isfinite(seen)]
    assert len(gaps) > 30 and np.median(np.abs(gaps)) <= 3 and np.percentile(np.abs(gaps), 80) <= 5


def test_the_same_actions_give_the_same_pictures_bit_by_bit_also_after_a_reset_and_a_snapshot() -> None:
    simulator = game(view="chase")

    def film() -> np.ndarray:
        frames = []
        for step in range(12):
            drive(simulator, 5, steer=0.2 * (step % 3 - 1))
            frames.append(simulator.frame("chase").copy())
        return np.array(frames)

    try:
        simulator.open()
        simulator.reset()
        snapshot = simulator.save()
        first = film()
        simulator.reset()
        again = film()
        simulator.restore(snapshot)
        restored = film()
    finally:
        simulator.close()
    assert (first == again).all() and (first == restored).all()
    assert (first[1:] != first[:-1]).any(axis=(1, 2, 3, 4)).all()


def test_two_games_at_once_do_not_mix_and_each_car_has_its_own_picture() -> None:
    one, two = game(), game(track="road/forza", cars=2)
    try:
        for simulator in (one, two):
            simulator.open()
            simulator.reset()
        alone = one.frame("bonnet").copy()
        both = two.frame("bonnet").copy()
        one.expose("bonnet")
        assert (one.frame("bonnet") == alone).all() and both.shape == (2, HEIGHT, WIDTH, 3)
        assert (both[0] != both[1]).any() and (both[0] != alone[0]).any()
    finally:
        one.close()
        two.close()


def test_every_says_how_old_a_picture_may_be_and_the_rest_costs_nothing() -> None:
    simulator = game(camera={"every": 3})
    try:
        simulator.open()
        simulator.reset()
        simulator.frame("bonnet")
        fresh = []
        for _ in range(6):
            before = simulator.frame("bonnet").copy()
            drive(simulator, 1, throttle=1.0)
            fresh.append(bool((simulator.frame("bonnet") != before).any()))
        assert fresh == [False, False, True] * 2
    finally:
        simulator.close()


def test_nothing_is_left_behind_and_a_killed_renderer_is_a_lost_game() -> None:
    simulator = game()
    try:
        simulator.open()
        simulator.reset()
        simulator.frame("bonnet")
        assert simulator.pid is not None
        family = children(simulator.pid)
        assert len(family) >= 3  # driver, renderer, screen
        renderer = simulator._game.pictures._header.renderer  # pyright: ignore[reportOptionalMemberAccess]
        assert renderer in family
        os.kill(renderer, signal.SIGKILL)
        with pytest.raises(SimulatorLost):
            film(simulator, 1000)
        simulator.reset()
        assert simulator.frame("bonnet").std() > 10
        family |= children(simulator.pid)
    finally:
        simulator.close()
    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in family) and time.monotonic() < deadline:
        signal.sigtimedwait([signal.SIGCHLD], 0.05)
    assert not any(_alive(pid) for pid in family)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_camera_asks_for_shared_memory_and_for_an_x_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="transport: shared"):
        racegym.make("torcs/aalborg", overrides={"simulator.camera": {}, "simulator.transport": "udp"})
    monkeypatch.setattr(graphics.shutil, "which", lambda name: None)
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(racegym.errors.BackendUnavailable, match="apt-get install xvfb"):
        game().open()


def test_alone_a_picture_is_the_observation_and_beside_other_terms_it_makes_a_dict() -> None:
    overrides = {"simulator.camera": {"width": 84, "height": 64}}
    terms = {"camera": {"colour": "grey", "stack": 4}}
    with racegym.make("torcs/aalborg", overrides={**overrides, "task.observation.terms": terms}) as env:
        assert env.observation_space == gymnasium.spaces.Box(0, 255, (64, 84, 4), np.uint8)
        observation, _ = env.reset()
        assert env.observation_space.contains(observation) and (observation == observation[..., :1]).all()
        for _ in range(4):
            observation, *_ = env.step(np.array([0.0, 1.0]))
        assert (observation[..., 0] != observation[..., 3]).any()
    terms = {"camera": {}, "speed": {}}
    both = racegym.make("torcs/aalborg", overrides={**overrides, "task.observation.terms": terms})
    assert set(both.observation_space.spaces) == {"camera", "speed"}
    assert both.observation_space["camera"].shape == (64, 84, 3)


def test_render_gives_frames_with_or_without_a_camera_in_the_configuration() -> None:
    with racegym.make("torcs/aalborg", render_mode="rgb_array") as env:
        env.reset()
        frame = env.render()
        assert frame.shape == (480, 640, 3) and frame.std() > 10
        assert env.metadata["render_fps"] == 50


def test_a_vector_has_a_picture_of_each_row() -> None:
    overrides = {"simulator.camera": {"width": 32, "height": 24}, "task.observation.terms": {"camera": {}}}
    env = racegym.make_vec("torcs/aalborg", 2, overrides=overrides)
    try:
        env.reset(seed=1)
        for _ in range(20):
            observation, *_ = env.step(np.array([[0.0, 1.0], [0.0, 0.0]]))
        assert observation.shape == (2, 24, 32, 3) and (observation[0] != observation[1]).any()
    finally:
        env.close()


def test_each_car_of_a_race_has_the_whole_picture_for_itself() -> None:
    alone, first = (_first_car_of(cars) for cars in (1, 3))
    assert np.array_equal(alone, first)


def _first_car_of(cars: int) -> np.ndarray:
    """What the car in front sees on the grid."""
    simulator = game(cars=cars)
    try:
        simulator.open()
        simulator.reset()
        return simulator.frame("bonnet")[0].copy()
    finally:
        simulator.close()
