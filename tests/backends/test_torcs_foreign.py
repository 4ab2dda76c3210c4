"""Other people's SCR servers: a stand-in with the classic one's faults, and what our client makes of them."""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from scr import IDENTIFIED, SHUTDOWN

from racegym.errors import BackendUnavailable
from racegym.signals import DEFAULT_BEAM_ANGLES, Controls, Telemetry
from racegym_torcs.foreign import Foreign
from racegym_torcs.options import TorcsOptions
from racegym_torcs.simulator import Torcs
from racegym_torcs.udp import Udp
from racegym_torcs.wire import CLASSIC

ANSWER_WITHIN = 0.01
"""The classic server's patience, s."""
_ACCEL = re.compile(rb"\(accel ([^)]*)\)")


def state(tick: int, extra: str = "") -> bytes:
    """The state of a tick: `distRaced` is its number, and the clock goes by 20 ms."""
    values = {tag: [0.0] * count for tag, count in CLASSIC.items()}
    values["distRaced"], values["curLapTime"] = [float(tick)], [0.02 * (tick + 1)]
    groups = "".join(f"({tag} {' '.join(f'{v:g}' for v in row)})" for tag, row in values.items())
    return (groups + extra).encode() + b"\0"


class Classic:
    """Waits for an answer as long as the classic server does, takes one datagram for it, never empties its queue."""

    def __init__(
        self, ticks: int, deaf: float = 0.0, lose: frozenset[int] = frozenset(), identified: bytes = IDENTIFIED,
        extra: str = "", patience: float = ANSWER_WITHIN,
    ) -> None:  # fmt: skip
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.answers: list[float | None] = []
        """For each tick the throttle answered to it; None: nothing came in time."""
        self._arguments = (ticks, deaf, lose, identified, extra, patience)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        ticks, deaf, lose, identified, extra, patience = self._arguments
        threading.Event().wait(deaf)
        _, client = self.socket.recvfrom(1000)
        self.socket.sendto(identified, client)
        for tick in range(ticks):
            if tick not in lose:
                self.socket.sendto(state(tick, extra), client)
            readable, _, _ = select.select([self.socket], [], [], patience)
            found = _ACCEL.search(self.socket.recv(1000)) if readable else None
            self.answers.append(float(found[1]) if found else None)
        self.socket.sendto(SHUTDOWN, client)

    def join(self) -> list[float | None]:
        self._thread.join(20)
        assert not self._thread.is_alive()
        self.socket.close()
        return self.answers


class Talk:
    """Drives a server; the throttle of an answer says which state it is for."""

    def __init__(self, server: Classic) -> None:
        self.transport = Udp(DEFAULT_BEAM_ANGLES, lambda: None, extended=False, car=Foreign)
        self.transport.connect("127.0.0.1", server.port)
        self.transport.begin(None, time.monotonic() + 10)

    def drive(self, slow: frozenset[int] = frozenset()) -> list[int]:
        """Until the race is over; `slow` are the steps for which the agent takes its time. The states that it saw."""
        telemetry, controls, seen = Telemetry(1), Controls(1), []
        while True:
            self.transport.read(telemetry, time.monotonic() + 5)
            if self.transport.over:
                return seen
            seen.append(int(telemetry["distance"][0]))
            if len(seen) in slow:
                threading.Event().wait(3.5 * ANSWER_WITHIN)
            controls["throttle"] = seen[-1] / 1000
            self.transport.send(controls)


@pytest.fixture
def talks() -> Iterator[list[Talk]]:
    open_talks: list[Talk] = []
    yield open_talks
    for talk in open_talks:
        talk.transport.close()


def lags(answers: list[float | None]) -> list[int]:
    """For each answered tick, by how many ticks the answer is late."""
    return [tick - round(1000 * answer) for tick, answer in enumerate(answers) if answer is not None]


def test_a_slow_agent_misses_states_and_never_drives_on_with_a_lag(talks: list[Talk]) -> None:
    server = Classic(300)
    talks.append(talk := Talk(server))
    seen = talk.drive(slow=frozenset(range(10, 110, 5)))
    late = lags(server.join())
    assert talk.transport.statistics["missed"] >= 20
    assert talk.transport.statistics["missed"] + len(seen) == 300
    assert max(late) <= 4, "the states passed over, and no more"
    assert late[-100:] == [0] * 100


def test_an_identification_sent_twice_does_not_become_an_action(talks: list[Talk]) -> None:
    server = Classic(50, deaf=1.3, patience=1.0)  # the second goes out after a second
    talks.append(talk := Talk(server))
    talk.drive()
    answers = server.join()
    assert answers[0] is None
    assert lags(answers)[0] <= 1
    assert lags(answers)[1:] == [0] * 48
    assert talk.transport.statistics["stray"] == 1


def test_states_that_never_come_are_counted_and_the_race_goes_on(talks: list[Talk]) -> None:
    server = Classic(60, lose=frozenset({20, 40, 41}))
    talks.append(talk := Talk(server))
    seen = talk.drive()
    assert talk.transport.statistics["lost"] == 3
    assert len(seen) == 57
    assert lags(server.join())[-10:] == [0] * 10


def test_a_patient_server_whose_state_was_lost_gets_the_answer_again(talks: list[Talk]) -> None:
    server = Classic(10, lose=frozenset({5}), patience=5.0)
    talks.append(talk := Talk(server))
    talk.drive()
    assert talk.transport.statistics["resent"] == 1
    assert lags(server.join()) == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("identified", "extra"),
    [
        (b"***identified***:4711\0", "(lap 1)"),
        (IDENTIFIED, "(x 1)(y 2)(roll 0)(pitch 0)(yaw nan)(speedGlobalX 3)(speedGlobalY 4)"),
        (IDENTIFIED, "(totalDistFromStart 7)(img " + " ".join(["200"] * 4096) + ")"),
    ],
    ids=["MADRaS and GymTorcs", "fmirus", "vtorcs"],
)
def test_other_lineages_have_groups_of_their_own(talks: list[Talk], identified: bytes, extra: str) -> None:
    server = Classic(5, identified=identified, extra=extra, patience=1.0)
    talks.append(talk := Talk(server))
    assert talk.drive() == [0, 1, 2, 3, 4]
    assert lags(server.join()) == [0] * 5


def test_nobody_there_is_said_with_what_to_do() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    simulator = Torcs(TorcsOptions.model_validate({"connect": address, "deadlines": {"start": 0.1}}))
    with pytest.raises(BackendUnavailable, match="racegym torcs serve"):
        simulator.open()
    simulator.close()


def test_the_turning_of_the_front_wheels_stands_in_for_the_yaw_rate() -> None:
    from racegym_torcs.classic import Laps

    telemetry = Telemetry(1)
    telemetry["velocity"] = [[20.0, 0.0, 0.0]]
    telemetry["wheel_speeds"] = [[19.0 / 0.3, 21.0 / 0.3, 60.0, 60.0]]
    Laps().fill(telemetry.block[0])
    np.testing.assert_allclose(telemetry["yaw_rate"], 2.0 / 1.6)
