"""The parts by themselves: bytes on the wire, telemetry that breaks, keys from axes, HUD, recorded lines,
the plug-in's layout.
"""

from __future__ import annotations

import contextlib
import math
import re
import socket
import threading
import time

import numpy as np
import pytest
from typer.testing import CliRunner

from racegym.capture import frames
from racegym.errors import BackendUnavailable, ConfigurationError, NotFound, ProtocolError
from racegym.paths import shipped
from racegym_bicycle.circuits import circuit
from racegym_trackmania import hud, install, line, wire
from racegym_trackmania.actuate import KeyAxes, held
from racegym_trackmania.cli import app
from racegym_trackmania.options import PORT
from racegym_trackmania.telemetry import Reader, convert, convert_tmrl
from racegym_trackmania.wire import Greeting, Record, Sample, Stream, TmrlStream

#: A car at x 1, y 2, z 3 that faces the game's +z, moves at 10 m/s and slides 1 m/s to the left.
VALUES = (1, 2, 3, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0, 10, 6000, 3, 0.5, 1, 0)
RECORD = Record(wire.CAR, 7, 9, 1500, 123456, 2, 1, 4, tuple(float(value) for value in VALUES))
SAMPLE = Sample(10.0, 55.0, 1.0, 2.0, 3.0, -1.0, 1.0, 0.0, 0.0, 3.0, 6000.0)


# the wire


def test_a_record_survives_the_wire():
    assert Stream().feed(wire.pack(RECORD)) == [RECORD]


def test_golden_bytes_of_a_record():
    data = wire.pack(RECORD)
    assert len(data) == 128
    assert data[:40].hex() == (
        "5247544d 0100 8000 01000000 07000000 09000000 dc050000 40e2010000000000 02000000 01000000".replace(
            " ", ""
        )
    )
    assert data[-8:].hex() == "00000000" + "07000000"


@pytest.mark.parametrize("cut", range(1, 128, 13))
def test_records_come_whole_out_of_pieces(cut):
    data = wire.pack(RECORD) + wire.pack(RECORD._replace(sequence=8))
    stream = Stream()
    found = [record for i in range(0, len(data), cut) for record in stream.feed(data[i : i + cut])]
    assert [record.sequence for record in found] == [7, 8]
    assert stream.garbage == 0


def test_garbage_between_records_is_skipped_and_counted():
    stream = Stream()
    found = stream.feed(
        b"noise RGT" + wire.pack(RECORD) + b"RGTM\x01\x00\x80\x00half" + wire.pack(RECORD) + wire.pack(RECORD)
    )
    assert found[0] == RECORD and found[-1] == RECORD
    assert stream.garbage > 9


def test_half_records_never_make_a_whole_one():
    stream = Stream()
    assert [record for _ in range(100) for record in stream.feed(wire.pack(RECORD)[:20])] == []
    assert stream.garbage > 1000


def test_another_version_is_an_error_that_says_what_to_do():
    data = bytearray(wire.pack(RECORD))
    data[4] = 9
    with pytest.raises(ProtocolError, match="racegym trackmania install"):
        Stream().feed(bytes(data))


def test_a_greeting_names_the_map():
    greeting = Greeting(1, "abc", "My map ä")
    assert Stream().feed(wire.pack_greeting(greeting) + wire.pack(RECORD)) == [greeting, RECORD]


def test_tmrls_samples_out_of_pieces_and_without_nonsense():
    data = wire.TMRL.pack(*SAMPLE)
    stream = TmrlStream()
    assert [s for byte in data * 2 for s in stream.feed(bytes([byte]))] == [SAMPLE, SAMPLE]
    assert stream.feed(data[:20] * 11) == []
    assert stream.garbage > 0


def test_the_plug_in_has_the_same_layout():
    source = (shipped("plugins") / "trackmania" / "Racegym" / "Main.as").read_text(encoding="utf-8")
    numbers = {
        name: int(value) for name, value in re.findall(r"(?:const )?uint(?:16)? (\w+) = (\d+);", source)
    }
    wanted = {
        "VERSION": wire.VERSION, "RECORD_SIZE": wire.RECORD.size, "GREETING_SIZE": wire.HELLO.size,
        "Setting_Port": PORT,
        "CAR": wire.CAR, "FINISHED": wire.FINISHED, "MENU": wire.MENU, "COUNTDOWN": wire.COUNTDOWN,
    }  # fmt: skip
    assert {name: numbers[name] for name in wanted} == wanted
    car = source[source.index("void WriteCar") : source.index("// What is known")]
    floats = (
        3 * car.count("WriteVector(")
        + car.count("buffer.Write(float(vehicle")
        + car.count("float(VehicleState")
    )
    assert floats == len(wire.FLOATS)
    assert f"i < {len(wire.FLOATS)}" in car
    assert source.count("{") == source.count("}") and source.count("(") == source.count(")")


# conversion


def test_a_record_in_our_axes_and_units():
    state = convert(RECORD, None, 0.0)
    assert state.position == (3, 1, 2)
    assert (state.yaw, state.pitch, state.roll) == pytest.approx((0, 0, 0))
    assert state.velocity == pytest.approx((10, 1, 0))
    assert state.engine_speed == pytest.approx(6000 * 2 * math.pi / 60)
    assert (state.steer, state.throttle, state.brake, state.race_time) == (-0.5, 1, 0, 1.5)


def test_turning_left_is_a_positive_yaw_and_yaw_rate():
    before = convert(RECORD, None, 0.0)
    sin, cos = math.sin(0.1), math.cos(0.1)
    turned = (*RECORD.values[:3], sin, 0, cos, cos, 0, -sin, *RECORD.values[9:])
    after = convert(RECORD._replace(values=turned, race_time=1600), before, 0.1)
    assert after.yaw == pytest.approx(0.1)
    assert after.yaw_rate == pytest.approx(1.0)


def test_noses_and_sides_that_point_down_are_positive():
    down = (*RECORD.values[:3], 0, -0.5, math.sqrt(0.75), *RECORD.values[6:])
    assert convert(RECORD._replace(values=down), None, 0.0).pitch == pytest.approx(math.pi / 6)
    tilted = (*RECORD.values[:6], math.sqrt(0.75), 0.5, 0, -0.5, math.sqrt(0.75), 0, *RECORD.values[12:])
    assert convert(RECORD._replace(values=tilted), None, 0.0).roll == pytest.approx(math.pi / 6)


def test_tmrls_direction_is_that_of_the_motion():
    before = convert_tmrl(SAMPLE, None, 0.0)
    after = convert_tmrl(SAMPLE._replace(x=2.0, z=4.0), before, 0.1)
    assert after.yaw == pytest.approx(math.pi / 4)
    still = convert_tmrl(SAMPLE._replace(speed=0.0, x=2.0, z=4.0), after, 0.2)
    assert still.yaw == after.yaw


# the reader


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        yield listening


@pytest.fixture
def reader(server):
    one = Reader("127.0.0.1", server.getsockname()[1])
    yield one
    one.close()


def test_the_reader_greets_reads_and_comes_back(server, reader):
    client, _ = server.accept()
    assert client.recv(100) == b"hello 1\n"
    client.sendall(wire.pack(RECORD))
    state = reader.wait(0, 5)
    assert state is not None and state.sequence == 7 and reader.state == "live"
    client.close()
    client, _ = server.accept()
    client.sendall(wire.pack(RECORD._replace(sequence=99)))
    state = reader.wait(1, 5)
    assert state is not None and state.sequence == 99 and reader.connections == 2
    client.close()


def test_a_silent_stream_is_told_from_a_live_one_and_costs_nothing(server, reader):
    client, _ = server.accept()
    spent = time.process_time()
    end = time.monotonic() + 5
    while reader.state != "silent" and time.monotonic() < end:
        assert reader.wait(0, 0.1) is None
    assert reader.state == "silent" and reader.age() == math.inf
    assert time.process_time() - spent < 0.3
    client.close()


def test_another_version_ends_the_reader_with_its_error(server, reader):
    client, _ = server.accept()
    data = bytearray(wire.pack(RECORD))
    data[4] = 2
    client.sendall(data)
    assert reader.wait(0, 5) is None
    assert isinstance(reader.error, ProtocolError)
    client.close()


# keys


def test_full_and_none_are_exact():
    axes = KeyAxes()
    assert [axes.press(1, 1, 0) for _ in range(3)] == [(1, 1, 0)] * 3
    assert axes.press(-1, 0, 1) == (-1, 0, 1)
    assert axes.press(0, 0, 0) == (0, 0, 0)


@pytest.mark.parametrize("wanted", [-0.8, -0.3, 0.1, 0.5, 0.75])
def test_what_lies_between_is_right_on_average(wanted):
    axes = KeyAxes()
    levels = [axes.press(wanted, abs(wanted), 0)[0] for _ in range(200)]
    assert np.mean(levels) == pytest.approx(wanted, abs=0.02)
    assert all(level * wanted >= 0 for level in levels), "never the other way"


def test_left_is_left():
    assert held(1, 1, 0) == {"left", "up"}
    assert held(-1, 0, 1) == {"right", "down"}


# pixels


def screen(value: int, width: int = 200, height: int = 100) -> np.ndarray:
    """A picture that shows `value` as the stand-in does."""
    picture = np.full((height, width, 3), 90, np.uint8)
    tall, wide = hud.STANDIN.templates.shape[1:]
    for place, digit in enumerate(reversed(str(value))):
        right = width - hud.STANDIN.right - place * hud.STANDIN.step
        bottom = height - hud.STANDIN.bottom
        picture[bottom - tall : bottom, right - wide : right][hud.STANDIN.templates[int(digit)]] = 255
    return picture


@pytest.mark.parametrize("value", [0, 7, 42, 138, 269, 405, 999])
def test_the_speed_is_read_off_the_picture(value, tmp_path):
    assert hud.STANDIN.read(screen(value)) == value
    hud.STANDIN.save(tmp_path / "digits.npz")
    assert hud.load(tmp_path / "digits.npz").read(screen(value)) == value


def test_no_digits_are_no_speed(tmp_path):
    assert hud.STANDIN.read(np.full((100, 200, 3), 90, np.uint8)) is None
    assert hud.STANDIN.read(np.full((100, 200, 3), 255, np.uint8)) is None
    with pytest.raises(ConfigurationError, match="no digits"):
        hud.load(tmp_path / "none.npz")


def tmrl_lidar(picture: np.ndarray, threshold: int) -> list[float]:
    """The same beams one pixel at a time, from the description of tmrl's Lidar class."""
    height, width, _ = picture.shape
    row0, column0 = 44 * height // 49, width // 2
    values = []
    for angle in range(90, 280, 10):
        away, ray = 20, []
        while True:
            row = int(row0 + away * math.cos(math.radians(angle)))
            column = int(column0 + away * math.sin(math.radians(angle)))
            if row <= 0 or column <= 0 or column >= width - 1:
                break
            ray.append(picture[row, column])
            away += 1
        dark = [i for i, pixel in enumerate(ray) if (pixel < threshold).all()]
        values.append(dark[0] if dark else len(ray) - 1)
    return values


@pytest.mark.parametrize("size", [(488, 958), (128, 256), (480, 640)])
def test_beams_are_tmrls_number_for_number(size):
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (*size, 3)).astype(np.uint8)
    picture[rng.random(size) < 0.005] = 0
    assert frames.lidar(picture).tolist() == tmrl_lidar(picture, 55)
    assert frames.lidar(np.full((*size, 3), 200, np.uint8)).tolist() == tmrl_lidar(
        np.full((*size, 3), 200), 55
    )


def test_a_resize_by_two_averages_neighbours():
    picture = np.arange(8 * 16 * 3, dtype=np.uint8).reshape(8, 16, 3)
    small = frames.resize(picture, 8, 4)
    blocks = picture.reshape(4, 2, 8, 2, 3).mean(axis=(1, 3))
    assert np.abs(small - blocks).max() <= 0.5
    assert frames.grey(np.full((2, 2, 3), 77, np.uint8)).tolist() == np.full((2, 2, 1), 77).tolist()


# lines


def test_a_recorded_drive_becomes_the_track_that_was_driven(tmp_path, monkeypatch):
    monkeypatch.setenv("RACEGYM_HOME", str(tmp_path))
    track = circuit("oval")
    # a lap and the first metres of the next, as recorded at 30 m/s and 60 frames/s
    place = track.at(np.arange(0, track.length + 20, 0.5))
    places = np.stack([place.x, place.y, place.elevation], axis=1)
    recorded = line.from_drive("oval", places, width=15)
    assert recorded.closed
    assert recorded.length == pytest.approx(track.length, rel=0.01)
    off = np.abs(track.locate(recorded.points).offset)
    assert off.max() < 0.5
    assert line.save(recorded).name == "oval.npz"
    assert line.names() == ["oval"]
    assert line.load("oval").length == pytest.approx(recorded.length)


def test_a_drive_from_start_to_finish_is_open():
    places = np.stack([np.arange(0, 300, 0.7), np.zeros(429), np.linspace(0, 9, 429)], axis=1)
    recorded = line.from_drive("straight", places)
    assert not recorded.closed
    assert recorded.length == pytest.approx(places[-1, 0], rel=0.01)
    assert recorded.elevation[-1] == pytest.approx(9, abs=0.2)


def test_too_short_a_drive_and_an_unknown_line_are_errors(tmp_path, monkeypatch):
    monkeypatch.setenv("RACEGYM_HOME", str(tmp_path))
    with pytest.raises(ConfigurationError, match="whole map"):
        line.from_drive("stub", np.zeros((50, 3)))
    with pytest.raises(NotFound, match="record-line"):
        line.load("nowhere")


def streamed(server: socket.socket, records: list[Record]) -> None:
    """Send these to the next client, one after the other, until it goes."""
    client, _ = server.accept()
    with client, contextlib.suppress(OSError):
        for record in records:
            client.sendall(wire.pack(record))
        client.recv(1000)
        client.recv(1)


def drive_of(places: np.ndarray, **fields) -> list[Record]:
    """Records of a car at these places ``(n, 3)``, in the game's axes."""
    return [RECORD._replace(values=(*place, *VALUES[3:]), **fields) for place in places.tolist()]


@pytest.mark.parametrize("told", [True, False], ids=["told", "by the jump alone"])
def test_a_recording_begins_anew_at_a_restart_and_ends_at_the_finish(server, told, monkeypatch, tmp_path):
    monkeypatch.setenv("RACEGYM_HOME", str(tmp_path))
    ahead = np.stack([np.zeros(300), np.zeros(300), np.arange(300.0)], axis=1)
    before, after = drive_of(ahead[:120]), drive_of(ahead, discontinuities=3 if told else 2)
    finish = drive_of(
        ahead[-1:] + np.array([0, 0, 1]), discontinuities=3 if told else 2, flags=wire.CAR | wire.FINISHED
    )
    records = [*before, *after, *finish, *drive_of(ahead[:50])]
    thread = threading.Thread(target=streamed, args=(server, records), daemon=True)
    thread.start()
    words = [
        "record-line",
        "mine",
        "--set",
        f"port={server.getsockname()[1]}",
        "--width",
        "9",
        "--seconds",
        "30",
    ]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    thread.join(10)
    recorded = line.load("mine")
    assert not recorded.closed and recorded.length == pytest.approx(300, abs=3)
    assert recorded.points[0] == pytest.approx((0, 0), abs=1)
    assert recorded.width_left[0] == 4.5


@pytest.mark.parametrize(
    ("setting", "message"),
    [("source=pixels", "hud"), ("source=tminterface", "stream"), ("prot=9", "prot"), ("port", "game=tmnf")],
)
def test_what_cannot_be_recorded_is_said(setting, message):
    done = CliRunner().invoke(app, ["record-line", "mine", "--set", setting])
    assert isinstance(done.exception, ConfigurationError) and message in str(done.exception)


# installing


def test_the_plug_in_is_put_into_openplanets_folder(tmp_path):
    target = install.install("tm2020", tmp_path)
    assert {file.name for file in target.iterdir()} == {"Main.as", "info.toml"}
    with pytest.raises(BackendUnavailable, match="--folder"):
        install.install("tm2020", tmp_path / "missing")


def test_the_doctor_knows_every_part():
    names = {requirement.name for requirement in install.requirements()}
    assert {"mss", "pynput", "rtgym"} <= names
