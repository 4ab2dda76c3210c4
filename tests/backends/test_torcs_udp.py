"""The SCR conversation against a scripted server: what is dropped and counted, what ends a race, what is lost."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from racegym.errors import BackendUnavailable, SimulatorLost, SimulatorTimeout
from racegym.signals import SIGNALS, Controls, Telemetry
from racegym_torcs import wire
from racegym_torcs.options import TorcsOptions
from racegym_torcs.simulator import Torcs
from racegym_torcs.udp import Udp

IDENTIFIED, SHUTDOWN, RESTART = (word + b"\0" for word in (wire.IDENTIFIED, wire.SHUTDOWN, wire.RESTART))


def state(tick: int | None = None, **values: float) -> bytes:
    """A state of zeros but for `values`; extended when it has a tick."""
    tags = {**wire.CLASSIC, **(wire.EXTENSION if tick is not None else {})}
    given = {**values, "tick": tick}
    return b"".join(f"({t} {' '.join([str(given.get(t, 0))] * n)})".encode() for t, n in tags.items()) + b"\0"


class Server:
    """Answers the n-th datagram with the n-th list of datagrams; afterwards it is silent, or closes its port."""

    def __init__(self, script: Sequence[Sequence[bytes]], leave: bool = False) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.heard: list[bytes] = []
        self._script, self._leave = script, leave
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        for answers in self._script:
            data, client = self.socket.recvfrom(65535)
            self.heard.append(data)
            for answer in answers:
                self.socket.sendto(answer, client)
        if self._leave:
            self.socket.close()

    def join(self) -> None:
        self._thread.join(5)
        assert not self._thread.is_alive(), f"the script was not played to its end; heard {self.heard}"


class Talk:
    """A transport to a scripted server, a row of telemetry, and short deadlines."""

    def __init__(self, script: Sequence[Sequence[bytes]], leave: bool = False, extended: bool = True) -> None:
        self.server = Server(script, leave)
        self.transport = Udp(range(19), lambda: None, extended)
        self.transport.connect("127.0.0.1", self.server.port)
        self.telemetry = Telemetry(1)
        self.controls = Controls(1)

    def begin(self, patience: float = 5.0) -> None:
        self.transport.begin(None, time.monotonic() + patience)

    def read(self, patience: float = 5.0) -> Telemetry:
        self.transport.read(self.telemetry, time.monotonic() + patience)
        return self.telemetry

    def step(self) -> Telemetry:
        self.transport.send(self.controls)
        return self.read()


@pytest.fixture
def talks() -> Iterator[list[Talk]]:
    opened: list[Talk] = []
    yield opened
    for talk in opened:
        talk.transport.close()
        talk.server.socket.close()


def talking(talks: list[Talk], *script: Sequence[bytes], leave: bool = False, extended: bool = True) -> Talk:
    talk = Talk(script, leave, extended)
    talks.append(talk)
    talk.begin()
    return talk


def test_stale_duplicate_and_garbled_datagrams_are_dropped_and_counted(talks: list[Talk]) -> None:
    talk = talking(
        talks,
        [IDENTIFIED, state(0, totalTime=0.0)],
        [state(0), b"garbage", IDENTIFIED, state(1, totalTime=0.02), state(1, totalTime=9.0)],
        [state(2, totalTime=0.04)],
    )
    times = [talk.read()["time"][0], talk.step()["time"][0], talk.step()["time"][0]]
    assert times == [0.0, 0.02, 0.04]
    assert talk.transport.statistics == {"stale": 3, "garbage": 1}


def test_actions_carry_the_tick_that_they_answer(talks: list[Talk]) -> None:
    talk = talking(talks, [IDENTIFIED, state(40)], [state(41)], [state(42)])
    talk.read()
    talk.step()
    talk.step()
    talk.server.join()
    assert [data.rpartition(b"(")[2] for data in talk.server.heard[1:]] == [b"tick 40)", b"tick 41)"]


def test_others_cannot_speak_for_the_server(talks: list[Talk]) -> None:
    talk = talking(talks, [IDENTIFIED, state(0)], [state(1, totalTime=1.0)])
    talk.read()
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with stranger:
        stranger.sendto(state(1, totalTime=7.0), talk.transport._cars[0]._socket.getsockname())
        assert talk.step()["time"] == 1.0


def test_a_shutdown_repeats_the_last_row_as_finished(talks: list[Talk]) -> None:
    talk = talking(talks, [IDENTIFIED, state(0, distRaced=5.0)], [SHUTDOWN])
    assert talk.read()["finished"] == 0
    for _ in range(3):
        now = talk.step()
        assert (now["finished"][0], now["distance"][0]) == (1, 5)
    assert talk.transport.over


def test_a_shutdown_just_before_the_port_closes_is_not_missed(talks: list[Talk]) -> None:
    talk = talking(talks, [IDENTIFIED, state(0)], [SHUTDOWN], leave=True)
    talk.read()
    talk.transport.send(talk.controls)
    talk.server.join()
    talk.transport.send(talk.controls)
    assert talk.read()["finished"] == 1


def test_a_closed_port_is_a_lost_simulator(talks: list[Talk]) -> None:
    talk = talking(talks, [IDENTIFIED, state(0)], leave=True)
    talk.read()
    talk.server.join()
    talk.transport.send(talk.controls)
    with pytest.raises(SimulatorLost):
        talk.read()


def test_silence_is_a_timeout_after_the_deadline(talks: list[Talk]) -> None:
    talk = talking(talks, [IDENTIFIED, state(0)])
    talk.read()
    began = time.monotonic()
    with pytest.raises(SimulatorTimeout):
        talk.read(patience=0.1)
    assert 0.1 <= time.monotonic() - began < 1


def test_a_restart_drops_the_old_race_and_begins_a_new_one(talks: list[Talk]) -> None:
    talk = talking(talks, [IDENTIFIED, state(0)], [state(1), RESTART], [IDENTIFIED, state(0, totalTime=0.5)])
    talk.read()
    talk.transport.restart(time.monotonic() + 5)
    talk.begin()
    assert talk.read()["time"] == 0.5
    assert b"(meta 1)" in talk.server.heard[1]


def test_identification_is_repeated_only_after_a_while(talks: list[Talk]) -> None:
    talk = Talk([[], [IDENTIFIED, state(0)]])
    talks.append(talk)
    talk.begin()
    talk.server.join()
    assert len(talk.server.heard) == 2


def test_a_lost_check_ends_every_wait_at_once() -> None:
    def gone() -> None:
        raise SimulatorLost("gone")

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        transport = Udp(range(19), gone)
        transport.connect("127.0.0.1", silent.getsockname()[1])
        began = time.monotonic()
        with pytest.raises(SimulatorLost):
            transport.begin(None, began + 5)
        assert time.monotonic() - began < 1
        transport.close()


def classic(lap_time: float, last: float) -> bytes:
    return state(curLapTime=lap_time, lastLapTime=last, speedX=36)


def test_laps_and_race_time_of_a_classic_server_are_worked_out(talks: list[Talk]) -> None:
    clock = [(0.0, 0.0), (80.0, 0.0), (0.02, 80.01), (70.0, 80.01), (0.01, 70.02)]
    states = [classic(*times) for times in clock]
    talk = talking(talks, [IDENTIFIED, states[0]], *([data] for data in states[1:]), extended=False)
    talk.controls["steer"] = 0.5
    rows = [talk.read().copy(), *(talk.step().copy() for _ in states[1:])]
    assert [row["laps"][0] for row in rows] == [0, 0, 1, 1, 2]
    np.testing.assert_allclose([row["time"][0] for row in rows], [0, 80, 80.03, 150.01, 150.04])
    assert rows[-1]["best_lap_time"] == 70.02
    assert rows[-1]["steer"] == 0.5
    talk.server.join()
    assert not [data for data in talk.server.heard if b"racegym" in data or b"tick" in data]


def test_a_running_classic_server_is_driven_with_the_signals_promised() -> None:
    servers = [Server([[IDENTIFIED, classic(1.0, 0)], [classic(1.02, 0)]])]
    options = TorcsOptions(connect=f"127.0.0.1:{servers[0].port}")
    simulator = Torcs(options)
    simulator.open()
    first = simulator.reset()
    assert first["time"] == 0
    simulator.send(Controls(1))
    now = simulator.read()
    np.testing.assert_allclose(now["time"], 0.02)
    given = {name for name in SIGNALS if np.isfinite(now[name]).all()}
    assert given == simulator.spec.signals
    assert not simulator.spec.track
    simulator.close()
    servers[0].socket.close()


def test_a_server_that_does_not_answer_is_named_with_what_to_do() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        simulator = Torcs(TorcsOptions.model_validate({"connect": address, "deadlines": {"start": 0.1}}))
        with pytest.raises(BackendUnavailable, match=f"{address}; start a race"):
            simulator.open()


def test_a_step_of_several_ticks_sends_the_controls_for_each() -> None:
    server = Server([[IDENTIFIED, classic(0.0, 0)], *([classic(k / 50, 0)] for k in range(1, 5))])
    simulator = Torcs(TorcsOptions(connect=f"127.0.0.1:{server.port}", ticks_per_step=4))
    simulator.open()
    simulator.reset()
    simulator.send(Controls(1))
    assert simulator.read()["time"] == pytest.approx(0.08)
    server.join()
    assert len(server.heard) == 5
    assert len(set(server.heard[1:])) == 1
    simulator.close()
    server.socket.close()
