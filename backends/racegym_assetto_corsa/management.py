"""The client's side of the TCP protocol: one connection a command, the reply whole when its text parses."""

from __future__ import annotations

import socket
import time
from typing import Any

from racegym.errors import BackendUnavailable, ProtocolError, SimulatorLost, SimulatorTimeout
from racegym_assetto_corsa import wire

_CHUNK = 1 << 16


class Management:
    """Commands to the plug-in at `host`:`port`."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self.address = f"{host}:{port}"

    def tell(self, command: str, deadline: float) -> None:
        """Send a command that has no reply, such as ``reset``; `deadline` on the monotonic clock."""
        with self._connected(deadline) as connection:
            self._send(connection, command, deadline)

    def ask(self, command: str, deadline: float) -> Any:
        """The reply to `command`, parsed. `SimulatorTimeout` when it is not whole by `deadline`, `SimulatorLost` when
        the connection breaks, `ProtocolError` when it grows beyond all measure."""
        heard = bytearray()
        with self._connected(deadline) as connection:
            self._send(connection, command, deadline)
            while (reply := wire.parse_reply(bytes(heard))) is None:
                connection.settimeout(max(deadline - time.monotonic(), 0.001))
                try:
                    piece = connection.recv(_CHUNK)
                except TimeoutError:
                    raise SimulatorTimeout(self._unanswered(command, heard)) from None
                except ConnectionError as error:
                    raise SimulatorLost(self._unanswered(command, heard)) from error
                if not piece:
                    raise SimulatorLost(self._unanswered(command, heard))
                heard += piece
                if len(heard) > wire.LONGEST_REPLY:
                    raise ProtocolError(
                        f"assetto_corsa: the reply to {command} from {self.address} has no end"
                    )
        return reply

    def is_alive(self, deadline: float) -> bool:
        """Whether anybody accepts connections: a paused game still does, a game that has ended does not."""
        try:
            self._connected(deadline).close()
        except BackendUnavailable:
            return False
        return True

    def _connected(self, deadline: float) -> socket.socket:
        try:
            return socket.create_connection(self._target, max(deadline - time.monotonic(), 0.001))
        except OSError as error:
            raise BackendUnavailable(
                f"assetto_corsa: nothing listens on tcp {self.address} ({error}): the game does not "
                "run, or the app racegym_drive "
                "(or assetto_corsa_gym's sensors_par) is not loaded; `racegym assetto_corsa doctor` "
                "tells what is missing, and "
                "Documents/Assetto Corsa/logs/py_log.txt why an app failed"
            ) from error

    def _send(self, connection: socket.socket, command: str, deadline: float) -> None:
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            connection.sendall(command.encode("ascii"))
        except OSError as error:
            raise SimulatorLost(self._unanswered(command, b"")) from error

    def _unanswered(self, command: str, heard: bytes | bytearray) -> str:
        return (
            f"assetto_corsa: {command} got no whole reply from tcp {self.address} ({len(heard)} bytes "
            "came); the game is paused, or "
            "another client holds the plug-in: it serves one at a time"
        )
