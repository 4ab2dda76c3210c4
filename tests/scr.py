"""SCR clients and servers for tests: sockets, and nothing of racegym's own client."""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from racegym_torcs.options import TorcsOptions
from racegym_torcs.serve import Event, Listening, Service

IDENTIFIED, SHUTDOWN, RESTART = b"***identified***\0", b"***shutdown***\0", b"***restart***\0"
HELLO = b"SCR(init -90 -80 -70 -60 -50 -40 -30 -20 -10 0 10 20 30 40 50 60 70 80 90)"
SECONDS = 20.0


class Client:
    """One car's client: a socket that waits for every message."""

    def __init__(self, port: int, hello: bytes = HELLO) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(SECONDS)
        self.hello = hello

    def identify(self) -> None:
        """Once, after which the car must answer."""
        self.send(self.hello)
        assert self.receive() == IDENTIFIED

    def send(self, text: bytes) -> None:
        self.socket.send(text)

    def receive(self) -> bytes:
        return self.socket.recv(65536)

    def close(self) -> None:
        self.socket.close()


class Server:
    """A served race whose events are read in the background."""

    def __init__(self, service: Service) -> None:
        self.events: list[Event] = []
        self.ports: dict[int, int] = {}
        self.error: Exception | None = None
        self.service = service
        self._told = threading.Condition()
        service.start()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        try:
            for event in self.service.events():
                self._note(event)
        except Exception as error:
            self.error = error
        self._note(Event("over"))

    def _note(self, event: Event) -> None:
        with self._told:
            self.events.append(event)
            if event.kind == "port":
                self.ports[event.index] = event.port
            self._told.notify_all()

    def wait(self, kind: str) -> None:
        """Until the robot told an event of this kind."""
        with self._told:
            assert self._told.wait_for(lambda: any(e.kind in (kind, "over") for e in self.events), SECONDS), (
                kind
            )
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.service.close()
        self._reader.join(SECONDS)


@contextmanager
def serving(options: TorcsOptions, listening: Listening, race_file: object = None) -> Iterator[Server]:
    """A race that is served on ports of the kernel's choice."""
    server = Server(Service(options, listening, race_file))  # type: ignore[arg-type]
    try:
        server.wait("ready")
        yield server
    finally:
        server.close()


def lockstep(clients: Sequence[Client], answer: object, ticks: int) -> list[list[bytes]]:
    """Drive `ticks` ticks; ``answer(car, tick, state)`` gives the action. The states of each car."""
    states: list[list[bytes]] = [[] for _ in clients]
    cars = {client.socket.fileno(): car for car, client in enumerate(clients)}
    while min(map(len, states)) < ticks:
        readable, _, _ = select.select(list(cars), [], [], SECONDS)
        assert readable, "the server says nothing"
        for descriptor in readable:
            car = cars[descriptor]
            state = clients[car].receive()
            tick = len(states[car])
            states[car].append(state)
            if tick < ticks and not state.startswith(b"***"):
                clients[car].send(answer(car, tick, state))  # type: ignore[operator]
    return states


def python(script: str, *arguments: str) -> subprocess.Popen[str]:
    """A client written from the manual, in a process of its own."""
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def until(condition: object, seconds: float = SECONDS) -> bool:
    """Whether `condition` came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return True
    return False
