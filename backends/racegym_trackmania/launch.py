"""Processes of ours: an X server without a screen where there is none, and the stand-in game on it."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from racegym.errors import BackendUnavailable, SimulatorLost

_log = logging.getLogger(__name__)
_ANSWER = 20.0
"""How long the stand-in may take to answer, s."""
XVFB = "apt-get install -y --no-install-recommends xvfb"
# The shell keeps the display's pipe open, and kills the X server when the owner's end of its input is closed.
_KEEPER = 'trap "" INT; "$@" & server=$!; read -r _; kill "$server"; wait "$server"'


class Display:
    """An X server of our own without a screen. It dies with us, whatever ends us."""

    def __init__(self, width: int = 1280, height: int = 800, patience: float = 10.0) -> None:
        """`BackendUnavailable` when there is no Xvfb, or it does not come up."""
        program = shutil.which("Xvfb")
        if program is None:
            raise BackendUnavailable(f"trackmania: there is no DISPLAY and no Xvfb to make one: {XVFB}")
        ours, theirs = os.pipe()
        command = [
            "/bin/sh", "-c", _KEEPER, "xvfb", program, "-displayfd", str(theirs), "-screen", "0",
            f"{width}x{height}x24", "-nolisten", "tcp", "-noreset",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=(theirs,), start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        try:
            self.name = f":{_first_line(ours, patience)}"
        except BaseException:
            self.close()
            raise
        finally:
            os.close(ours)

    def close(self) -> None:
        """Stop the server; may be called again."""
        if self._process.stdin is not None:
            self._process.stdin.close()
            self._process.stdin = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        self._process.wait(5)


def _first_line(descriptor: int, patience: float) -> str:
    import select

    text, deadline = b"", time.monotonic() + patience
    while not text.endswith(b"\n"):
        if not select.select([descriptor], [], [], max(deadline - time.monotonic(), 0))[0]:
            raise BackendUnavailable(f"trackmania: Xvfb did not come up within {patience:g} s")
        data = os.read(descriptor, 64)
        if not data:
            raise BackendUnavailable("trackmania: Xvfb ended at once; run Xvfb :99 to see why")
        text += data
    return text.decode().strip()


class StandIn:
    """The stand-in game as a process. Each side knows at once when the other dies."""

    def __init__(self, display: str, arguments: Sequence[str] = (), patience: float = 20.0) -> None:
        """`BackendUnavailable` when it does not come up within `patience` s."""
        self.directory = Path(tempfile.mkdtemp(prefix=f"racegym-trackmania-{os.getpid()}-"))
        self._lifeline, theirs = socket.socketpair()
        command = [
            sys.executable, "-m", "racegym_trackmania.stand_in", "--display", display,
            "--lifeline", str(theirs.fileno()), "--line", str(self.directory / "line.npz"), *arguments,
        ]  # fmt: skip
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "OMP_NUM_THREADS": "1",
        }
        with theirs, open(self.directory / "log", "wb") as log:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=(theirs.fileno(),), start_new_session=True,
            )  # fmt: skip
        try:
            self.ports = self._ports(time.monotonic() + patience)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def line(self) -> Path:
        """The circuit, as a recorded line would be."""
        return self.directory / "line.npz"

    def fault(self, name: str) -> None:
        """Switch a fault on: close, silent, half, garbage, menu, unfocus, move, resize, stall, freeze,
        minimise, die, none. Returns when it is on; `SimulatorLost` when the stand-in does not answer.
        """
        self._lifeline.sendall(f"fault {name}\n".encode())
        self._lifeline.settimeout(_ANSWER)
        try:
            answered = self._lifeline.recv(4096)
        except TimeoutError:
            answered = b""
        if not answered:
            raise SimulatorLost(
                f"trackmania: the stand-in does not switch on the fault {name}{self._last_words()}"
            )

    def check(self) -> None:
        """`SimulatorLost` when the process is gone."""
        code = self._process.poll()
        if code is not None:
            raise SimulatorLost(f"trackmania: the stand-in ended with code {code}{self._last_words()}")

    def close(self) -> None:
        """Stop it; may be called again."""
        self._lifeline.close()
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _ports(self, deadline: float) -> tuple[int, ...]:
        heard = b""
        while b"ready\n" not in heard:
            self._lifeline.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                data = self._lifeline.recv(4096)
            except TimeoutError:
                raise BackendUnavailable(
                    f"trackmania: the stand-in did not come up in time{self._last_words()}"
                ) from None
            if not data:
                self._process.wait(5)
                raise BackendUnavailable(f"trackmania: the stand-in ended at once{self._last_words()}")
            heard += data
        for line in heard.decode().splitlines():
            if line.startswith("ports "):
                return tuple(int(word) for word in line.split()[1:])
        raise BackendUnavailable("trackmania: the stand-in named no ports")

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self.directory / "log").read_text("utf-8", "replace").strip().splitlines()[-3:]
            return "; its last words: " + " / ".join(lines) if lines else ""
        return ""
