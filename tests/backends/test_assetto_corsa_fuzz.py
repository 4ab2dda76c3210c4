"""Both sides under fire: the plug-in in its stand-in game, and the client before a plug-in that talks nonsense."""

from __future__ import annotations

import itertools
import json
import socket
import struct
import time
from collections.abc import Iterator

import numpy as np
import pytest
from assetto_corsa_plugin import Recorded, state

from racegym.errors import BackendUnavailable, ProtocolError, SimulatorLost, SimulatorTimeout
from racegym_assetto_corsa import wire
from racegym_assetto_corsa.management import Management
from racegym_assetto_corsa.options import AssettoCorsaOptions
from racegym_assetto_corsa.session import join
from racegym_assetto_corsa.stand_in.launch import StandIn
from racegym_assetto_corsa.stream import StateStream

HOST = "127.0.0.1"
NONSENSE = (
    b"", b"hello", b"\x00" * 10, b"\xff\xfe\xfd", b"{", b"[]", b"null", b"{}", b'{"steer": 0.1}', b"[" * 900,
    b'{"server_steps": "x"}', b'{"server_steps": 1e999}', b'{"server_steps": 1, "steer": "left"}',
    b'{"server_steps": 1, "steer": NaN}', b'{"server_steps": 1, "acc": [1]}', b'{"server_steps": null}',
    b"__import__('os').abort()", b"x" * 1500, b"x" * 60_000, b'{"server_steps": 1, "pad": "' + b"a" * 2000 + b'"}',
)  # fmt: skip


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


# the plug-in


@pytest.fixture(scope="module")
def game() -> Iterator[StandIn]:
    stand_in = StandIn(AssettoCorsaOptions.model_validate({"stand_in": {"pace": 4.0}}), soon(60))
    yield stand_in
    stand_in.close()


@pytest.fixture
def management(game: StandIn) -> Management:
    return Management(HOST, game.management_port)


@pytest.fixture
def stream(game: StandIn) -> Iterator[StateStream]:
    stream = StateStream(HOST, game.state_port)
    stream.open(soon())
    yield stream
    stream.close()


def datagram_socket(game: StandIn) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.connect((HOST, game.state_port))
    one.settimeout(5)
    return one


def told(management: Management) -> dict:
    return management.ask("ping", soon())


def test_bad_datagrams_from_the_client_and_from_strangers_are_counted_and_dropped(
    game, management, stream
) -> None:
    before = told(management)["dropped"]
    stream.read(soon())
    with datagram_socket(game) as stranger:
        for data in NONSENSE:
            stranger.send(data)
            if len(data) < wire.LONGEST_CONTROL:
                stream.send(data)
        stranger.send(wire.DISCONNECT)
        stranger.send(wire.control(1, 1, 1, False, False, 1, False))
        expected = before + len(NONSENSE) + sum(len(d) < wire.LONGEST_CONTROL for d in NONSENSE) + 2
        end = soon()
        while told(management)["dropped"] < expected and time.monotonic() < end:
            stream.read(soon())
    assert told(management)["dropped"] == expected
    assert stream.read(soon())["accStatus"] == 0, "a stranger's control acted"


def test_a_thousand_random_datagrams_do_not_stop_the_states(game, stream) -> None:
    random = np.random.default_rng(5)
    pattern = wire.control(0.1, 0.2, 0.3, True, False, 5, True)
    for _ in range(1000):
        data = bytearray(pattern)
        for place in random.integers(0, len(data), 3):
            data[place] = random.integers(0, 256)
        stream.send(bytes(data[: random.integers(0, len(data) + 1)]))
    first = stream.read(soon())["steps"]
    while stream.read(soon())["steps"] < first + 10:
        pass


def test_a_second_client_takes_over_and_the_first_is_told(game, stream) -> None:
    stream.read(soon())
    with datagram_socket(game) as second:
        second.send(wire.CONNECT)
        with pytest.raises(SimulatorLost, match="ended the conversation"):
            read_for_ever(stream)
        assert second.recv(65535) == wire.IDENTIFIED
        assert wire.parse_state(second.recv(65535))["steps"] == 1
        second.send(wire.DISCONNECT)


def test_a_client_that_vanishes_makes_room_for_the_next_and_its_pedals_are_let_go(game) -> None:
    gone = StateStream(HOST, game.state_port)
    gone.open(soon())
    gone.read(soon())
    gone.send(wire.control(0, 1, -1, False, False, 1, False))
    gone._socket.close()
    gone._socket = None
    next_one = StateStream(HOST, game.state_port)
    next_one.open(soon())
    assert next_one.read(soon())["steps"] >= 1
    end = soon(8)
    while next_one.read(soon())["accStatus"] > 0 and time.monotonic() < end:
        pass
    assert next_one.read(soon())["accStatus"] == 0
    next_one.close()


def read_for_ever(stream: StateStream) -> None:
    while True:
        stream.read(soon())


def tcp(game: StandIn) -> socket.socket:
    return socket.create_connection((HOST, game.management_port), 5)


def heard(connection: socket.socket) -> bytes:
    data = b""
    while wire.parse_reply(data) is None:
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    return data


def test_a_command_in_pieces_is_put_together(game) -> None:
    with tcp(game) as connection:
        for letter in b"get_config":
            connection.send(bytes([letter]))
        assert wire.parse_reply(heard(connection))["proto"] == 1


def test_commands_that_arrive_as_one_are_taken_apart(game) -> None:
    with tcp(game) as connection:
        connection.send(b"pingpingget_config")
        data = b""
        while data.count(b"pong") < 2 or b"caps" not in data:
            data += connection.recv(65536)


def test_an_unknown_command_is_counted_and_hung_up_on(game, management) -> None:
    before = told(management)["unknown"]
    for words in (b"hello", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 5000):
        with tcp(game) as connection:
            connection.sendall(words)
            try:
                assert connection.recv(10) == b""
            except ConnectionResetError:
                continue
    assert told(management)["unknown"] == before + 3


def test_silent_and_vanishing_connections_keep_nobody_waiting(game, management) -> None:
    idle = [tcp(game) for _ in range(40)]
    for connection in idle[:20]:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.send(b"get_track_info")
        connection.close()
    assert told(management)["pong"] == 1
    for connection in idle[20:]:
        connection.close()


def test_a_long_reply_reaches_a_slow_reader_whole_while_others_are_served(game, management, stream) -> None:
    with tcp(game) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        connection.send(b"get_track_info")
        data = b""
        while wire.parse_reply(data) is None:
            data += connection.recv(65536)
            if len(data) < 50_000:
                told(management)
                stream.read(soon())
    assert len(data) > 500_000
    assert len(wire.parse_reply(data)["left_lane"]) == 3750


# the client


def rest(**values: float) -> Iterator[dict]:
    random = np.random.default_rng(1)
    for steps in itertools.count(1):
        yield state(steps, random, speed=0.0, **values)


class Nonsense:
    """A plug-in that answers the handshake, then says what it is told to say."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, 0))
        self.socket.settimeout(5)
        self.stream = StateStream(HOST, self.socket.getsockname()[1])

    def greet(self) -> StateStream:
        import threading

        def answer() -> None:
            _, self.client = self.socket.recvfrom(100)
            self.socket.sendto(wire.IDENTIFIED, self.client)

        thread = threading.Thread(target=answer)
        thread.start()
        self.stream.open(soon())
        thread.join()
        return self.stream

    def say(self, *messages: bytes) -> None:
        for message in messages:
            self.socket.sendto(message, self.client)


@pytest.fixture
def plugin() -> Iterator[Nonsense]:
    plugin = Nonsense()
    yield plugin
    plugin.stream.close()
    plugin.socket.close()


def good(steps: int) -> bytes:
    return json.dumps(state(steps, np.random.default_rng(0))).encode()


def test_the_client_counts_nonsense_and_reads_on(plugin) -> None:
    stream = plugin.greet()
    whole = good(1)
    cut = [whole[:end] for end in range(0, len(whole), 997)]
    plugin.say(*NONSENSE, *cut, b"\xff" * 50_000, good(2))
    assert stream.read(soon())["steps"] == 2
    assert stream.counts["garbage"] == len(NONSENSE) + len(cut) + 1


def test_the_client_takes_the_newest_counts_the_skipped_and_drops_the_late(plugin) -> None:
    stream = plugin.greet()
    plugin.say(good(1))
    assert stream.read(soon())["steps"] == 1
    plugin.say(good(3), good(2), good(7), good(7), good(6))
    assert stream.read(soon())["steps"] == 7
    assert stream.counts["skipped"] == 5
    plugin.say(good(5), good(8))
    assert stream.read(soon())["steps"] == 8
    assert stream.counts["late"] >= 1


def test_states_that_are_numbered_anew_are_newer_all_the_same(plugin) -> None:
    stream = plugin.greet()
    plugin.say(good(50))
    assert stream.read(soon())["steps"] == 50
    again = json.loads(good(3)) | {"timestamp_ac": 1010.0}
    plugin.say(json.dumps(again).encode())
    assert stream.read(soon())["steps"] == 3
    assert stream.counts["late"] == stream.counts["skipped"] == 0


def test_the_client_takes_no_datagram_of_others(plugin) -> None:
    stream = plugin.greet()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(good(99), plugin.client)
    plugin.say(good(1))
    assert stream.read(soon())["steps"] == 1


def test_the_client_sends_nothing_before_the_handshake_and_nothing_after_goodbye(plugin) -> None:
    for _ in range(2):
        with pytest.raises(SimulatorLost, match="no conversation"):
            plugin.stream.send(b"{}")
        plugin.greet()
        plugin.stream.close()
        assert plugin.socket.recv(100) == wire.DISCONNECT


def test_the_client_refuses_to_send_what_ends_an_old_plug_in(plugin) -> None:
    stream = plugin.greet()
    with pytest.raises(ProtocolError, match="would end an old plug-in"):
        stream.send(b"x" * 1024)


def test_a_plug_in_that_greets_and_says_no_more_is_named(tmp_path) -> None:
    with Recorded(iter(())) as silent:
        from assetto_corsa_plugin import write_assets

        from racegym_assetto_corsa.simulator import AssettoCorsa

        write_assets(tmp_path / "assets")
        wanted = silent.options | {"assets": str(tmp_path / "assets"), "deadlines": {"start": 1.0}}
        with pytest.raises(BackendUnavailable, match=r"sends no states.*without Custom Shaders Patch"):
            AssettoCorsa(AssettoCorsaOptions.model_validate(wanted)).open()


def in_pieces(connection: socket.socket) -> None:
    """0.7 MB of track, a little at a time."""
    lanes = {
        name: [[float(i), i / 3] for i in range(9000)] for name in ("left_lane", "right_lane", "fast_lane")
    }
    data = json.dumps(lanes).encode()
    for start in range(0, len(data), 9973):
        connection.sendall(data[start : start + 9973])


REPLIES = [
    (in_pieces, None, ""),
    (b"", SimulatorLost, "no whole reply"),
    (b"{'a': 1", SimulatorLost, "7 bytes came"),
    (b"\xff\xfe}", SimulatorLost, "no whole reply"),
    (lambda connection: connection.recv(10), SimulatorTimeout, "serves one at a time"),
]


@pytest.mark.parametrize(("reply", "error", "words"), REPLIES)
def test_a_reply_is_whole_or_an_error_in_time(reply, error, words) -> None:
    with Recorded(rest()) as plugin:
        plugin.replies["get_track_info"] = reply
        management = Management(HOST, plugin.management_port)
        began = time.monotonic()
        if error is None:
            assert len(management.ask("get_track_info", soon())["fast_lane"]) == 9000
            return
        with pytest.raises(error, match=words):
            management.ask("get_track_info", soon(0.5))
        assert time.monotonic() - began < 10


def test_a_session_that_is_not_one_is_refused() -> None:
    with Recorded(rest()) as plugin:
        plugin.replies["get_config"] = b"[1, 2]"
        with pytest.raises(BackendUnavailable, match="another program on that port"):
            join(AssettoCorsaOptions.model_validate(plugin.options), soon(2))
