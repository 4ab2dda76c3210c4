"""Starting a stand-in and stopping it: a process of our own that tells its ports and dies with us."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from racegym.errors import BackendUnavailable
from racegym.paths import shipped
from racegym_assetto_corsa.options import AssettoCorsaOptions

CIRCUIT = "oval"
"""What ``stand-in`` alone stands for."""

_inputs: weakref.WeakSet[Any] = weakref.WeakSet()


def _let_go() -> None:
    """In a forked child: holding the stand-in's input open would hide its owner's death from it."""
    for stream in list(_inputs):
        with suppress(OSError):
            os.close(stream.fileno())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def our_plugin() -> Path:
    """The folder of our own plug-in."""
    return shipped("plugins") / "assetto_corsa" / "racegym_drive"


def setting(options: AssettoCorsaOptions) -> dict[str, Any]:
    """What the host is told, as JSON will have it."""
    wanted = options.stand_in
    ini = {
        "NETWORK": {"STATE_PORT": "0", "MANAGEMENT_PORT": "0"},
        "STATES": {"RATE": f"{options.rate:.0f}", "EXTRA_CHANNELS": f"{options.extra_channels:d}"},
    }
    return {
        "circuit": options.track.partition("/")[2] or CIRCUIT,
        "plugin": wanted.plugin or str(our_plugin()),
        "settings": {**ini, **{section: dict(values) for section, values in wanted.settings.items()}},
        "frames": wanted.frames,
        "jitter": wanted.jitter,
        "pace": wanted.pace,
        "shaders_patch": wanted.shaders_patch,
        "automatic": options.gears.by == "game",
    }


class StandIn:
    """A running stand-in: its ports, and orders to it."""

    def __init__(self, options: AssettoCorsaOptions, deadline: float) -> None:
        """Start it; `BackendUnavailable` when it does not announce itself by `deadline` (monotonic clock)."""
        command = (
            _embedded()
            if options.stand_in.hold_gil
            else [sys.executable, "-m", "racegym_assetto_corsa.stand_in"]
        )
        self._folder = tempfile.mkdtemp(prefix=f"racegym-stand-in-{os.getpid()}-")
        told = json.dumps({"folder": self._folder, **setting(options)})
        self._words = tempfile.TemporaryFile()  # noqa: SIM115
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            [*command, told],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            env=environment,
        )
        _inputs.add(self._process.stdin)
        try:
            said = json.loads(self._first_line(deadline))
            self.state_port, self.management_port = said["udp"], said["tcp"]
        except (ValueError, KeyError, TypeError) as error:
            words = self.last_words()
            self.close()
            raise BackendUnavailable(f"assetto_corsa: the stand-in did not start{words}") from error

    @property
    def pid(self) -> int:
        return self._process.pid

    def _first_line(self, deadline: float) -> str:
        heard: list[bytes] = []
        stream: IO[bytes] = self._process.stdout  # pyright: ignore[reportAssignmentType]
        reader = threading.Thread(target=lambda: heard.append(stream.readline()), daemon=True)
        reader.start()
        reader.join(max(deadline - time.monotonic(), 0.001))
        return heard[0].decode("utf-8", "replace") if heard else ""

    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self._process.poll() is None

    def order(self, text: str) -> None:
        """One of the host's orders, such as ``pause`` or ``frames 180``."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{text}\n".encode())
            self._process.stdin.flush()

    def last_words(self) -> str:
        """The end of its output, for error messages."""
        self._words.seek(0)
        lines = self._words.read().decode("utf-8", "replace").strip().splitlines()[-5:]
        return "; its last output was:\n  " + "\n  ".join(lines) if lines else ""

    def close(self, patience: float = 2.0) -> None:
        """Let it end, by force after `patience` s; may be called again."""
        with suppress(BrokenPipeError):
            self._process.stdin.close()  # pyright: ignore[reportOptionalMemberAccess]
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()  # pyright: ignore[reportOptionalMemberAccess]
        self._words.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _embedded() -> list[str]:
    from racegym_assetto_corsa.stand_in import embed

    return [str(embed.program())]
