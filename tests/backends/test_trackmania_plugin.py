"""The Openplanet plug-in, compiled by AngelScript's own compiler and run frame by frame against an Openplanet of ours
(`tests/openplanet`), with real sockets. Skipped where the compiler's library is missing: apt-get install angelscript-dev.
"""

from __future__ import annotations

import re
import select
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from racegym.paths import shipped
from racegym_trackmania import wire
from racegym_trackmania.telemetry import Reader, State

SOURCE = Path(__file__).parent.parent / "openplanet"
#: Every link of the chain to a race, and the car.
DRIVING = "app playground terminal player script map mapinfo car"


class Openplanet:
    """One process with the plug-in in it."""

    def __init__(self, program: Path, folder: Path, game: str) -> None:
        self.process = subprocess.Popen(
            [program, folder, game], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.port = int(self._line().split()[1])

    def show(self, scene: str) -> None:
        """Let the next frames find this scene."""
        assert self.process.stdin is not None
        self.process.stdin.write(scene + "\n")
        while self._line() not in ("frame", "destroyed"):
            pass

    def _line(self) -> str:
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], 20)[0], "the plug-in hangs"
        line = self.process.stdout.readline()
        assert line, f"the plug-in ended with code {self.process.wait(10)}"
        return line.strip()

    def close(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=10)


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    """The compiler with what it needs around it."""
    compiler = shutil.which("g++")
    if compiler is None or not Path("/usr/include/angelscript.h").is_file():
        pytest.skip("no AngelScript compiler: apt-get install angelscript-dev g++")
    made = tmp_path_factory.mktemp("openplanet") / "openplanet"
    words = [compiler, "-std=c++17", "-DAS_DEBIAN_LIB", SOURCE / "openplanet.cpp", "-o", made]
    subprocess.run([*words, "-langelscript-addon", "-langelscript"], check=True, timeout=110)
    return made


def plug_in() -> Path:
    return shipped("plugins") / "trackmania" / "Racegym"


@pytest.fixture
def openplanet(program) -> Iterator[Openplanet]:
    one = Openplanet(program, plug_in(), "TMNEXT")
    yield one
    one.close()


@pytest.fixture
def reader(openplanet) -> Iterator[Reader]:
    one = Reader("127.0.0.1", openplanet.port)
    yield one
    one.close()


def seen(openplanet: Openplanet, reader: Reader, scene: str, holds: Callable[[State], object]) -> State:
    """The first telemetry of `scene` for which this holds."""
    openplanet.show(scene)
    for _ in range(200):
        state = reader.wait(reader.records, 5)
        assert state is not None, f"no telemetry: {reader.state}"
        if holds(state):
            return state
    raise AssertionError(f"never so in {scene!r}: {reader.newest}")


@pytest.mark.parametrize("game", ["TMNEXT", "FOREVER"])
def test_it_compiles_without_a_warning(program, game):
    Openplanet(program, plug_in(), game).close()


@pytest.mark.parametrize(
    ("sound", "broken"),
    [
        ("string(app.RootMap.MapInfo.Name)", "app.RootMap.MapInfo.Name"),
        ("listener.Accept()", "listener.Take()"),
        ("vehicle.WorldVel", "vehicle.Speed"),
    ],
)
def test_what_does_not_fit_the_api_is_an_error_with_its_line(program, tmp_path, sound, broken):
    source = (plug_in() / "Main.as").read_text(encoding="utf-8")
    (tmp_path / "Main.as").write_text(source.replace(sound, broken), encoding="utf-8")
    done = subprocess.run([program, tmp_path, "TMNEXT"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert re.search(r"Main\.as:\d+:\d+: error", done.stderr)


def test_a_drive_arrives_as_it_is(openplanet, reader):
    state = seen(openplanet, reader, DRIVING, lambda state: state.car)
    assert state.position == (3, 1, 2)
    assert state.velocity == pytest.approx((10, 1, 0))
    assert (state.yaw, state.pitch, state.roll) == pytest.approx((0, 0, 0))
    assert (state.steer, state.throttle, state.brake, state.gear) == (-0.5, 1, 0.25, 3)
    assert (state.race_time, state.laps, state.checkpoints, state.discontinuities) == (1.5, 1, 4, 2)
    assert not (state.finished or state.menu)
    assert reader.garbage == 0


def test_countdown_and_finish_are_flags(openplanet, reader):
    assert seen(openplanet, reader, DRIVING + " countdown", lambda state: state.car).race_time == -0.5
    assert seen(openplanet, reader, DRIVING + " finish", lambda state: state.finished).car


@pytest.mark.parametrize("missing", DRIVING.split())
def test_whatever_link_is_missing_telemetry_goes_on(openplanet, reader, missing):
    scene = " ".join(link for link in DRIVING.split() if link != missing)
    state = seen(openplanet, reader, scene, lambda state: state.car is (missing != "car"))
    assert state.menu is (missing == "car")
    known = missing in ("map", "mapinfo")
    assert (state.race_time == 1.5) is known


def test_a_terminal_that_is_null_and_a_player_that_is_only_controlled(openplanet, reader):
    chain = "app playground null-terminal car"
    assert seen(openplanet, reader, chain, lambda state: state.car).laps == 0
    chain = "app playground terminal controlled script car"
    assert seen(openplanet, reader, chain, lambda state: state.race_time == 1.5).laps == 1


def test_the_greeting_names_the_map(openplanet, reader):
    seen(openplanet, reader, "", lambda state: state.menu)
    assert reader.greeting == wire.Greeting(1, "", "")
    openplanet.show(DRIVING)
    with socket.create_connection(("127.0.0.1", openplanet.port), timeout=10) as other:
        other.sendall(b"hello 1\n")
        stream, greetings = wire.Stream(), []
        while not greetings:
            greetings = [one for one in stream.feed(other.recv(4096)) if isinstance(one, wire.Greeting)]
    assert greetings == [wire.Greeting(1, "uid", "a map")]


def test_a_client_that_goes_is_followed_by_the_next(openplanet, reader):
    seen(openplanet, reader, DRIVING, lambda state: state.car)
    reader.close()
    again = Reader("127.0.0.1", openplanet.port)
    assert seen(openplanet, again, DRIVING, lambda state: state.car).sequence > 0
    again.close()


def test_forever_tells_the_pose_but_no_race(program):
    openplanet = Openplanet(program, plug_in(), "FOREVER")
    reader = Reader("127.0.0.1", openplanet.port)
    state = seen(openplanet, reader, "car", lambda state: state.car)
    assert state.position == (3, 1, 2) and state.race_time != state.race_time
    reader.close()
    openplanet.close()


def test_unloading_it_closes_its_sockets(openplanet, reader):
    seen(openplanet, reader, DRIVING, lambda state: state.car)
    openplanet.show("destroy")
    assert openplanet.process.wait(10) == 0
    assert reader.wait(reader.records, 0.3) is None and reader.state == "connecting"
