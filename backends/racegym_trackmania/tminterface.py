"""TMInterface 2's socket protocol, as the plug-in Python_Link.as of Linesight speaks it: the client.

int32 message types, native little-endian, no framing. The game's calls (`CALLS`) come when they come and hold the
game until they are answered with their own number; ours (`SET_SPEED` and on) may be sent while it waits. A state of
the simulation is opaque but for a few places (`STATE`), which are where donadigo's TMInterfaceClientPython has them.
"""

from __future__ import annotations

import socket
import struct
import time
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from racegym.errors import BackendUnavailable, ProtocolError, SimulatorLost, SimulatorTimeout


class Message(IntEnum):
    """Types of messages."""

    RUN_STEP = 1
    CHECKPOINT_COUNT = 2
    LAP_COUNT = 3
    REQUESTED_FRAME = 4
    ON_CONNECT = 5
    SET_SPEED = 6
    REWIND_TO_STATE = 7
    REWIND_TO_CURRENT_STATE = 8
    GET_SIMULATION_STATE = 9
    SET_INPUT_STATE = 10
    GIVE_UP = 11
    PREVENT_SIMULATION_FINISH = 12
    SHUTDOWN = 13
    EXECUTE_COMMAND = 14
    SET_TIMEOUT = 15
    RACE_FINISHED = 16
    REQUEST_FRAME = 17
    RESET_CAMERA = 18
    SET_ON_STEP_PERIOD = 19
    UNREQUEST_FRAME = 20
    TOGGLE_INTERFACE = 21
    IS_IN_MENUS = 22
    GET_INPUTS = 23


#: Calls of the game and how many int32 follow them.
CALLS = {Message.RUN_STEP: 1, Message.CHECKPOINT_COUNT: 2, Message.LAP_COUNT: 2, Message.ON_CONNECT: 0}
INT = struct.Struct("<i")
#: Where the dynamics begin in a state: after version, mode, flags and 53 timers of 4 bytes.
DYNA = 12 + 53 * 4
STATE = {"rotation": DYNA + 464, "position": DYNA + 500, "velocity": DYNA + 512, "angular": DYNA + 536}
#: Shortest state that holds all of these.
LEAST = DYNA + 548


class Call(NamedTuple):
    """A call of the game, to be answered by `Client.answer`."""

    message: Message
    numbers: tuple[int, ...]


class Pose(NamedTuple):
    """What we read of a state, in the game's axes (x left, y up, z forward): m, m/s, rad/s."""

    rotation: np.ndarray
    """``(3, 3)``: its columns are the car's left, up and forward."""
    position: np.ndarray
    velocity: np.ndarray
    angular: np.ndarray


def pose(state: bytes) -> Pose:
    """The places of a state; `ProtocolError` when it is too short to be one."""
    if len(state) < LEAST:
        raise ProtocolError(f"trackmania: a simulation state of {len(state)} bytes, which is no state")
    rotation = np.frombuffer(state, "<f4", 9, STATE["rotation"]).reshape(3, 3).astype(float)
    vectors = (
        np.frombuffer(state, "<f4", 3, STATE[name]).astype(float)
        for name in ("position", "velocity", "angular")
    )
    return Pose(rotation.T, *vectors)


class Client:
    """One connection to a game. Every wait ends by `patience` s: `SimulatorTimeout`, or `SimulatorLost` when
    it hangs up.
    """

    def __init__(self, host: str, port: int, patience: float) -> None:
        self._patience = patience
        try:
            self._socket = socket.create_connection((host, port), timeout=patience)
        except OSError as error:
            raise BackendUnavailable(
                f"trackmania: no TMInterface answers on {host}:{port} ({error}); start the game by TMLoader with "
                f"TMInterface 2.1, the plug-in Python_Link.as and custom_port {port}"
            ) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def wait(self) -> Call:
        """The game's next call but for requested frames, which `frame` takes."""
        message = self._message()
        if message not in CALLS:
            raise ProtocolError(f"trackmania: TMInterface calls {message!r} where a step was due")
        return Call(message, tuple(self._int() for _ in range(CALLS[message])))

    def answer(self, call: Message) -> None:
        """Let the game go on after its call."""
        self._send(INT.pack(call))

    def set_inputs(self, left: bool, right: bool, accelerate: bool, brake: bool) -> None:
        self._send(struct.pack("<i4B", Message.SET_INPUT_STATE, left, right, accelerate, brake))

    def set_speed(self, factor: float) -> None:
        """Game time per wall-clock time wanted; 0 holds the game."""
        self._send(struct.pack("<if", Message.SET_SPEED, factor))

    def set_timeout(self, milliseconds: int) -> None:
        """How long the game waits for an answer before it hangs up."""
        self._send(struct.pack("<iI", Message.SET_TIMEOUT, milliseconds))

    def set_step_period(self, milliseconds: int) -> None:
        """Between two `RUN_STEP` calls, ms of race time, a multiple of 10."""
        self._send(struct.pack("<ii", Message.SET_ON_STEP_PERIOD, milliseconds))

    def give_up(self) -> None:
        """Restart the race."""
        self._send(INT.pack(Message.GIVE_UP))

    def state(self) -> bytes:
        """The whole simulation, to `rewind` to."""
        self._send(INT.pack(Message.GET_SIMULATION_STATE))
        return self._bytes(self._int())

    def rewind(self, state: bytes | None = None) -> None:
        """Back to a state; None: to the present one, which forgets later inputs."""
        if state is None:
            self._send(INT.pack(Message.REWIND_TO_CURRENT_STATE))
        else:
            self._send(struct.pack("<ii", Message.REWIND_TO_STATE, len(state)) + state)

    def prevent_finish(self) -> None:
        """Let the race go on behind the finish."""
        self._send(INT.pack(Message.PREVENT_SIMULATION_FINISH))

    def finished(self) -> bool:
        self._send(INT.pack(Message.RACE_FINISHED))
        return bool(self._int())

    def in_menus(self) -> bool:
        self._send(INT.pack(Message.IS_IN_MENUS))
        return self._int() > 0

    def command(self, text: str) -> None:
        """A command of TMInterface's console."""
        data = text.encode()
        self._send(struct.pack("<ii", Message.EXECUTE_COMMAND, len(data)) + data)

    def inputs(self) -> str:
        """All inputs of the race as a script."""
        self._send(INT.pack(Message.GET_INPUTS))
        return self._bytes(self._int()).decode("utf-8", "replace")

    def request_frame(self, width: int, height: int) -> None:
        """Ask for the next picture; take it by `frame` after answering the call that is pending."""
        self._send(struct.pack("<iii", Message.REQUEST_FRAME, width, height))

    def unrequest_frame(self) -> None:
        self._send(INT.pack(Message.UNREQUEST_FRAME))

    def frame(self, width: int, height: int) -> np.ndarray:
        """The picture that was asked for, uint8 ``(height, width, 3)``, red first. The game waits for its answer."""
        message = self._message()
        if message is not Message.REQUESTED_FRAME:
            raise ProtocolError(f"trackmania: TMInterface calls {message!r} where a frame was due")
        data = self._bytes(width * height * 4)
        return np.frombuffer(data, np.uint8).reshape(height, width, 4)[..., 2::-1]

    def reset_camera(self) -> None:
        self._send(INT.pack(Message.RESET_CAMERA))

    def toggle_interface(self, shown: bool) -> None:
        """Show or hide the race's HUD."""
        self._send(struct.pack("<ii", Message.TOGGLE_INTERFACE, shown))

    def close(self) -> None:
        """Say goodbye and hang up; may be called again."""
        try:
            self._socket.sendall(INT.pack(Message.SHUTDOWN))
        except OSError:
            pass
        finally:
            self._socket.close()

    def _message(self) -> Message:
        number = self._int()
        try:
            return Message(number)
        except ValueError as error:
            raise ProtocolError(
                f"trackmania: TMInterface sent message {number}, which it does not have"
            ) from error

    def _int(self) -> int:
        return INT.unpack(self._bytes(4))[0]

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise SimulatorLost(f"trackmania: TMInterface has hung up: {error}") from error

    def _bytes(self, count: int) -> bytes:
        data = bytearray()
        end = time.monotonic() + self._patience
        while len(data) < count:
            self._socket.settimeout(max(end - time.monotonic(), 0.001))
            try:
                piece = self._socket.recv(count - len(data))
            except TimeoutError:
                raise SimulatorTimeout(
                    f"trackmania: TMInterface says nothing for {self._patience:g} s"
                ) from None
            except OSError as error:
                raise SimulatorLost(f"trackmania: TMInterface has hung up: {error}") from error
            if not piece:
                raise SimulatorLost("trackmania: TMInterface has hung up; is the game closed?")
            data += piece
        return bytes(data)
