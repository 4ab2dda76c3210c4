"""The stand-in's telemetry servers: racegym's records with a reply channel, and tmrl's stream; a client each."""

from __future__ import annotations

import contextlib
import socket

from racegym_trackmania.wire import TMRL, Greeting, Record, Sample, pack, pack_greeting

HALF = 20
"""Bytes of a record that the fault `half` sends."""
NOISE = bytes(range(7, 250, 3)) * 2


class Server:
    """Listens on loopback; the newest client gets what is sent, an older one is hung up on, as Openplanet
    plug-ins do.
    """

    def __init__(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self.client: socket.socket | None = None
        self.heard = b""

    def files(self) -> list[socket.socket]:
        return [self._listener, *([self.client] if self.client else [])]

    def pump(self) -> list[str]:
        """Take a new client and lines that the client sent."""
        with contextlib.suppress(BlockingIOError):
            client, _ = self._listener.accept()
            self.hang_up()
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.client = client
        if self.client is None:
            return []
        try:
            data = self.client.recv(4096)
            if not data:
                self.hang_up()
            self.heard += data
        except BlockingIOError:
            pass
        except OSError:
            self.hang_up()
        *lines, self.heard = self.heard.split(b"\n")
        return [line.decode("ascii", "replace") for line in lines]

    def send(self, data: bytes) -> None:
        """Send to the client, if any; a slow one misses frames."""
        if self.client is None:
            return
        try:
            self.client.send(data)
        except BlockingIOError:
            return
        except OSError:
            self.hang_up()

    def hang_up(self) -> None:
        if self.client is not None:
            self.client.close()
            self.client = None
        self.heard = b""

    def close(self) -> None:
        self.hang_up()
        self._listener.close()


class Records(Server):
    """racegym's records."""

    map_name = ""

    def frame(self, record: Record, fault: str) -> None:
        data = pack(record)
        self.send({"half": data[:HALF], "garbage": NOISE}.get(fault, data))

    def greet(self) -> None:
        self.send(pack_greeting(Greeting(1, f"standin-{self.map_name}", self.map_name)))


class Samples(Server):
    """tmrl's 11 numbers."""

    def frame(self, sample: Sample | None, fault: str) -> None:
        if sample is not None:
            data = TMRL.pack(*sample)
            self.send({"half": data[:HALF], "garbage": NOISE}.get(fault, data))
