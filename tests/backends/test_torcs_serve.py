"""``racegym torcs serve`` with clients written from the SCR manual: Python, C++ and Java, polite and not."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest
from scr import HELLO, IDENTIFIED, RESTART, SECONDS, SHUTDOWN, Client, Server, lockstep, serving, until

from racegym.errors import BackendUnavailable, ConfigurationError
from racegym_torcs.options import TorcsOptions
from racegym_torcs.serve import Event, Listening, Service, Standing, microseconds, read

CLASSIC = {"ticks": "original", "countdown": True}
PATIENT = Listening(port=0, timeout_us=0)
HASTY = Listening(port=0, timeout_us=10_000)
CLIENTS = Path(__file__).parent / "scr_clients"
DRIVE = b"(accel 0.3)(brake 0)(gear 1)(steer 0)(clutch 0)(focus 0)(meta 0)"


def options(**values: object) -> TorcsOptions:
    return TorcsOptions.model_validate({**CLASSIC, **values})


def clock(state: bytes) -> float:
    return float(state.partition(b"(curLapTime ")[2].partition(b")")[0])


def program(command: list[str], port: int, ticks: int) -> str:
    """What a client in a process of its own has to say after `ticks` ticks."""
    done = subprocess.run(
        [*command, f"port:{port}", f"maxSteps:{ticks}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_forty_nine_ticks_pass_in_neutral_before_the_green_light() -> None:
    with serving(options(), PATIENT) as server:
        client = Client(server.ports[0])
        client.identify()
        (states,) = lockstep([client], lambda *_: b"(accel 1)(gear 1)", 60)
        client.close()
    clocks = [clock(state) for state in states]
    assert clocks[0] == -0.982
    assert [b"(gear 0)" in state for state in states[:50]] == [True] * 50
    assert sum(value < 0 for value in clocks) == 49


def test_a_naive_python_client_drives_unchanged() -> None:
    with serving(options(), HASTY) as server:
        said = program([sys.executable, str(CLIENTS / "client.py")], server.ports[0], 500)
    assert said.splitlines()[-1] == "500 states"


def test_a_naive_client_in_cpp_drives_unchanged(tmp_path: Path) -> None:
    if shutil.which("g++") is None:
        pytest.fail("the robot's compiler is missing: apt install g++")
    binary = tmp_path / "client"
    subprocess.run(["g++", "-O1", "-o", str(binary), str(CLIENTS / "client.cpp")], check=True, timeout=120)
    with serving(options(), HASTY) as server:
        assert program([str(binary)], server.ports[0], 500).splitlines()[-1] == "500 states"


@pytest.mark.skipif(shutil.which("java") is None, reason="no Java here")
def test_a_naive_java_client_drives_unchanged() -> None:
    with serving(options(), HASTY) as server:
        assert (
            program(["java", str(CLIENTS / "Client.java")], server.ports[0], 500).splitlines()[-1]
            == "500 states"
        )


def test_a_client_that_never_answers_holds_nobody_up() -> None:
    with serving(options(cars=2), HASTY) as server:
        silent, client = Client(server.ports[0]), Client(server.ports[1])
        silent.identify()
        client.identify()
        (states,) = lockstep([client], lambda *_: DRIVE, 100)
        heard = [silent.receive() for _ in range(100)]
        assert [clock(state) for state in heard] == [clock(state) for state in states[:100]]
        client.close()
        silent.close()


def test_a_late_answer_is_no_answer_to_the_next_state() -> None:
    with serving(options(), HASTY) as server:
        client = Client(server.ports[0])
        client.identify()
        lockstep([client], lambda *_: b"(gear 1)", 60)
        for _ in range(30):  # each answer comes after the race has gone on without it
            client.receive()
        late = client.receive()
        client.send(b"(gear 3)")
        client.socket.settimeout(0.001)
        states = [late]
        while states[-1] == late or len(states) < 40:
            try:
                states.append(client.receive())
            except TimeoutError:
                continue
            client.send(b"(gear 2)")
        client.close()
    assert b"(gear 2)" in states[-1]


def test_a_restart_brings_every_client_back_to_the_same_first_state() -> None:
    with serving(options(cars=2), PATIENT) as server:
        clients = [Client(server.ports[car]) for car in (0, 1)]
        first: list[bytes] = []
        for number in range(25):
            for client in clients:
                client.identify()
            states = [client.receive() for client in clients]
            first = first or states
            assert states == first
            clients[number % 2].send(b"(meta 1)")
            clients[1 - number % 2].send(DRIVE)
            assert [client.receive() for client in clients] == [RESTART, RESTART]
        for client in clients:
            client.close()


def test_a_killed_client_leaves_the_race_to_the_others_and_its_seat_to_a_new_one() -> None:
    with serving(options(cars=3), HASTY) as server:
        clients = [Client(server.ports[car]) for car in range(3)]
        for client in clients:
            client.identify()
        lockstep(clients, lambda *_: DRIVE, 20)
        clients[1].close()
        others = [clients[0], clients[2]]
        for client in others:
            client.send(DRIVE)
        assert len(lockstep(others, lambda *_: DRIVE, 150)[0]) >= 150  # longer than the seat is kept
        heir = Client(server.ports[1])
        heir.identify()
        assert heir.receive().startswith(b"(angle ")
        for client in (*others, heir):
            client.close()


def test_ten_clients_and_drivers_of_the_game_share_a_race() -> None:
    with serving(options(cars=10, opponents=["bt:3"], track="oval/a-speedway"), PATIENT) as server:
        clients = [Client(server.ports[car]) for car in range(10)]
        for client in reversed(clients):
            client.identify()
        states = lockstep(clients, lambda car, *_: b"(accel %.1f)(gear 1)" % (car / 10), 200)
        for client in clients:
            client.close()
    assert len({clock(own[150]) for own in states}) == 1
    assert all(len(state) < 1000 for own in states for state in own)


def test_mutated_datagrams_do_no_harm() -> None:
    draw = random.Random(4)
    with serving(options(), HASTY) as server:
        client = Client(server.ports[0])
        client.identify()
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        before = None
        for _ in range(400):
            state = client.receive()
            if state in (IDENTIFIED, RESTART):
                if state == RESTART:
                    insist(client)
                    before = None
                continue
            assert before is None or before - 1e-6 <= clock(state) < before + 5.0
            before = clock(state)
            for _ in range(3):
                stranger.sendto(mutated(draw), ("127.0.0.1", server.ports[0]))
            if draw.random() < 0.5:
                client.send(mutated(draw))
            client.send(DRIVE)
        stranger.close()
        client.close()
        assert server.service.pid is not None


def insist(client: Client) -> None:
    """Identify until answered: a stranger whose mutated greeting still is one may sit in the car for a second."""
    client.socket.settimeout(1.5)
    for _ in range(12):
        with suppress(TimeoutError):
            client.send(HELLO)
            while client.receive() != IDENTIFIED:
                pass
            client.socket.settimeout(SECONDS)
            return
    raise AssertionError("the server does not answer any more")


def mutated(draw: random.Random) -> bytes:
    text = bytearray(draw.choice((DRIVE, HELLO)))
    for _ in range(draw.randint(1, 6)):
        place = draw.randrange(len(text) + 1)
        kind = draw.randrange(4)
        if kind == 0:
            del text[place : place + draw.randint(1, 9)]
        elif kind == 1:
            text[place:place] = bytes(draw.randrange(256) for _ in range(draw.randint(1, 4)))
        elif kind == 2:
            text[place:place] = draw.choice((b"(", b")", b"nan", b"1e999", b"\0", b"-", b"9" * 40))
        else:
            text += text * draw.randint(0, 9)
    return bytes(text[:60_000])


def test_the_end_of_the_service_is_told_to_clients_and_the_end_of_a_race_to_both() -> None:
    with serving(options(), PATIENT) as server:
        client = Client(server.ports[0])
        client.identify()
        lockstep([client], lambda *_: DRIVE, 10)
        server.close()
        while (message := client.receive()).startswith(b"("):
            pass
        assert message == SHUTDOWN
        client.close()
        assert until(lambda: server.service.pid is None)


def test_progress_and_result_are_told() -> None:
    with serving(options(laps=1, track="oval/e-track-5", lap_time_limit=True), PATIENT) as server:
        client = Client(server.ports[0])
        client.identify()
        while (state := client.receive()) != SHUTDOWN:  # stands until it is taken out of the race
            assert state.startswith(b"(angle ")
            client.send(b"(brake 1)(gear 0)")
        client.close()
        server.wait("result")
        assert until(lambda: server.events[-1].kind == "over")
    kinds = [event.kind for event in server.events]
    assert kinds[:3] == ["port", "ready", "client"]
    assert "now" in kinds
    (result,) = (event for event in server.events if event.kind == "result")
    assert result.standings[0].laps == 0
    assert result.time > 84.5


def test_a_taken_port_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        server = Server(Service(options(), Listening(port=port)))
        try:
            with pytest.raises(BackendUnavailable, match=f"{port}.*in use"):
                server.wait("ready")
        finally:
            server.close()


def test_clean_beams_meet_the_road_s_edges_in_a_bend() -> None:
    readings = {}
    for beams in ("classic", "clean"):
        with serving(options(beams=beams, track="road/aalborg"), PATIENT) as server:
            client = Client(server.ports[0])
            client.identify()
            (states,) = lockstep([client], lambda *_: b"(accel 0.4)(gear 1)(focus 360)", 400)
            client.close()
        readings[beams] = [
            [float(word) for word in state.partition(b"(track ")[2].partition(b")")[0].split()]
            for state in states
        ]
    near = [
        abs(a - b) < 0.05
        for classic, clean in zip(readings["classic"], readings["clean"], strict=True)
        for a, b in zip(classic, clean, strict=True)
    ]
    assert sum(near) / len(near) > 0.9
    assert readings["classic"] != readings["clean"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("10ms", 10_000), ("2s", 2_000_000), ("0", 0), ("500us", 500), ("10000", 10_000), ("1.5ms", 1500)],
)
def test_times_are_read(text: str, value: int) -> None:
    assert microseconds(text) == value


@pytest.mark.parametrize("text", ["", "soon", "-1ms", "10 min", "2h", "4000s"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="such as 10ms"):
        microseconds(text)


def test_the_robot_s_lines_are_read() -> None:
    assert read("port 3 3004") == Event("port", 3, port=3004)
    assert read("now 50 1.250 0:2:900.5:1:17").standings == (Standing(0, 2, 900.5, 1, 17),)
    assert read("result 1 2 3 99.500 31.250 7 8000.000").standings == (Standing(1, 3, 8000.0, 2, 7, 31.25),)
    with pytest.raises(BackendUnavailable, match="no such thing"):
        read("error no such thing")


def test_a_race_file_without_a_car_for_clients_is_refused(tmp_path: Path) -> None:
    race = tmp_path / "race.xml"
    race.write_text(textwrap.dedent('<params name="x"><section name="Drivers"/></params>'))
    with pytest.raises(ConfigurationError, match="scr_server"):
        Service(options(), PATIENT, race)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Service(options(), PATIENT, tmp_path / "none.xml")
