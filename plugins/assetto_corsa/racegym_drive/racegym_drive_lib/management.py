"""The TCP side: commands without framing, several connections at once, long replies in pieces. Polled once a frame."""

import json
import socket
import time

MOST = 16
PATIENCE = 30.0
CHUNK = 4096


class Connection:
    """One client: what it said so far, and what it has yet to get."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.setblocking(False)
        self.heard = b""
        self.owed = b""
        self.moved = time.perf_counter()
        self.open = True

    def receive(self):
        """Take what has come."""
        while self.open and len(self.heard) < CHUNK:
            try:
                piece = self.socket.recv(CHUNK)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self.open = False
                return
            if not piece:
                # All that was said is still to be answered, but nothing more will be said.
                self.open = bool(self.owed or self.heard)
                return
            self.heard += piece
            self.moved = time.perf_counter()

    def send(self):
        """Hand out what is owed, as much as goes."""
        while self.open and self.owed:
            try:
                count = self.socket.send(self.owed)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self.open = False
                return
            self.owed = self.owed[count:]
            self.moved = time.perf_counter()


class Management:
    """Serves `commands`: functions by name, whose result, if any, is sent back as JSON, or as it is when it is
    bytes."""

    def __init__(self, host, port, commands):
        self._commands = dict((name.encode("ascii"), work) for name, work in commands.items())
        self._connections = []
        self.unknown = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        self._socket.listen(4 * MOST)
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]

    def poll(self):
        """Serve everybody a little."""
        self._accept()
        now = time.perf_counter()
        for connection in self._connections:
            connection.receive()
            self._answer(connection)
            connection.send()
            if now - connection.moved > PATIENCE:
                connection.open = False
            if not connection.open:
                connection.socket.close()
        self._connections = [connection for connection in self._connections if connection.open]

    def _accept(self):
        for _ in range(MOST):
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._connections.append(Connection(connection))
            if len(self._connections) > MOST:
                self._connections.pop(0).socket.close()

    def _answer(self, connection):
        """Carry out all whole commands in what was heard; wait for the rest of one; hang up on anything else."""
        while connection.heard:
            heard = connection.heard.lstrip()
            whole = [name for name in self._commands if heard.startswith(name)]
            if not whole:
                if heard and not any(name.startswith(heard) for name in self._commands):
                    self.unknown += 1
                    connection.open = False
                connection.heard = heard
                return
            name = max(whole, key=len)
            connection.heard = heard[len(name) :]
            reply = self._commands[name]()
            if reply is not None:
                connection.owed += reply if isinstance(reply, bytes) else json.dumps(reply).encode("ascii")

    def close(self):
        """Hang up on everybody."""
        for connection in self._connections:
            connection.socket.close()
        self._connections = []
        self._socket.close()
