"""One running TORCS: a private directory of links and settings, a process, a lifeline that ties it to us."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from racegym.errors import BackendUnavailable, SimulatorLost
from racegym_torcs.locate import Installation
from racegym_torcs.race import ROBOT

PREFIX = "racegym-torcs-"
_TAIL = 2000
# Ctrl-C reaches every process of a terminal, and an interrupted notebook cell is no reason to lose the race: we decide.
_DEAF = ("/bin/sh", "-c", 'trap "" INT; exec "$@"', "torcs")
_log = logging.getLogger(__name__)
_lifelines: weakref.WeakSet[socket.socket] = weakref.WeakSet()


def _let_go() -> None:
    """In a forked child: a lifeline that it held too would hide its parent's death from the game."""
    for lifeline in list(_lifelines):
        lifeline.close()


os.register_at_fork(after_in_child=_let_go)


class Instance:
    """A TORCS process of ours. Each side holds one end of a socket pair, and knows at once when the other dies."""

    def __init__(self, installation: Installation, robot: Path) -> None:
        self._installation = installation
        self._robot = robot
        self.directory: Path | None = None
        self.cpu: int | None = None
        """The core that the game keeps to, if it does."""
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: socket.socket | None = None
        self._heard = b""
        self._lock = -1
        self._owner = os.getpid()

    @property
    def pid(self) -> int | None:
        """Process id of the game while it runs."""
        return self._process.pid if self._process is not None and self.alive() else None

    def prepare(self, files: Mapping[str, str]) -> Path:
        """Make the private directory with `files` (paths in it and their contents); return it.

        A file below ``data/`` takes the place of the installed one of the same path.
        """
        sweep()
        self.directory = directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self._lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        program = directory / "program"
        _link_all(self._installation.program, program, skip="drivers")
        _link_all(self._installation.program / "drivers", program / "drivers", skip=ROBOT)
        (program / "drivers" / ROBOT).mkdir()
        (program / "drivers" / ROBOT / f"{ROBOT}.so").symlink_to(self._robot)
        for name, text in files.items():
            _overlay(directory, self._installation.data, Path(name))
            (directory / name).write_text(text, "latin-1", "xmlcharrefreplace")
        return directory

    def start(
        self, environment: Mapping[str, str], inherited: Sequence[int] = (), display: bool = False
    ) -> None:
        """Start the game on ``race.xml`` of the prepared directory, with `environment` for the robot.

        The game inherits the file descriptors `inherited`. With `display` it opens its window and menus instead.
        """
        assert self.directory is not None
        data = self.directory / "data"
        data = data if data.is_dir() else self._installation.data
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        program = self._installation.program
        libraries = [str(path) for path in (program / "lib", *self._installation.libraries)]
        command = [
            *_DEAF, str(program / "torcs-bin"), "-l", str(self.directory), "-L", str(self.directory / "program"),
            "-D", str(data), *(() if display else ("-r", str(self.directory / "race.xml"))),
        ]  # fmt: skip
        passed = {key: value for key, value in os.environ.items() if not key.startswith("RACEGYM_")}
        own = {
            "LD_LIBRARY_PATH": os.pathsep.join(libraries),
            "LC_ALL": "C",
            "RACEGYM_LIFELINE": str(theirs.fileno()),
            "RACEGYM_DIRECTORY": str(self.directory),
        }
        with theirs, open(self.directory / "log", "wb") as log:
            self._process = subprocess.Popen(
                command, cwd=data, env={**passed, **own, **environment}, pass_fds=(theirs.fileno(), *inherited),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._lifeline = ours
        _lifelines.add(ours)
        _log.debug("torcs %d runs in %s", self._process.pid, self.directory)

    def port(self, index: int, deadline: float) -> int:
        """The port that car `index` listens on, once it does; `deadline` on the monotonic clock.

        `BackendUnavailable` when the game ends, complains or says nothing before.
        """
        while True:
            words = self._told(deadline)
            if words[:2] == ["port", str(index)] and len(words) == 3 and words[2].isdigit():
                return int(words[2])

    def ready(self, deadline: float) -> None:
        """Wait until the cars stand on the start line and have found the memory that is shared with us.

        `BackendUnavailable` as from `port`, also when the robot knows nothing of shared memory.
        """
        found = False
        while (words := self._told(deadline)) != ["ready"]:
            found = found or words[:1] == ["shared"]
        if not found:
            raise BackendUnavailable(
                "torcs: the robot is older than this package and knows no shared memory; run: racegym torcs install"
            )

    def rate(self, deadline: float) -> float:
        """Ticks a second, from a game that drives itself; errors as from `port`."""
        while (words := self._told(deadline))[:1] != ["rate"]:
            pass
        return float(words[1])

    def _told(self, deadline: float) -> list[str]:
        """Words of the next line on the lifeline."""
        words = self._line(deadline).split()
        if words[:1] == ["error"]:
            raise BackendUnavailable(f"torcs: the robot says: {' '.join(words[1:])}{self.last_words()}")
        return words

    def _line(self, deadline: float) -> str:
        assert self._lifeline is not None
        while b"\n" not in self._heard:
            left = deadline - time.monotonic()
            self._lifeline.settimeout(max(left, 0.001))
            try:
                data = self._lifeline.recv(4096)
            except TimeoutError:
                raise BackendUnavailable(
                    f"torcs: the game did not get to the start line in time{self.last_words()}"
                ) from None
            except ConnectionError:
                data = b""
            if not data:
                raise BackendUnavailable(f"torcs: the game ended before the race began{self.last_words()}")
            self._heard += data
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode("utf-8", "replace")

    def alive(self) -> bool:
        """Whether the game's process runs."""
        return self._process is not None and self._process.poll() is None

    def check(self) -> None:
        """`SimulatorLost` when the game's process is gone."""
        if not self.alive():
            code = None if self._process is None else self._process.returncode
            how = (
                f"was killed by signal {-code}"
                if code is not None and code < 0
                else f"ended with exit code {code}"
            )
            said = self._complaint()
            raise SimulatorLost(
                f"torcs: the game {how}{said}; the next reset starts it again{self.last_words()}"
            )

    def _complaint(self) -> str:
        """What the robot said last on the lifeline, if anything is left there."""
        assert self._lifeline is not None
        self._lifeline.setblocking(False)
        with suppress(OSError):
            self._heard += self._lifeline.recv(4096)
        errors = [
            line for line in self._heard.decode("utf-8", "replace").splitlines() if line.startswith("error ")
        ]
        return f" ({errors[-1].removeprefix('error ')})" if errors else ""

    def last_words(self) -> str:
        """The end of the game's output, for error messages."""
        try:
            assert self.directory is not None
            data = (self.directory / "log").read_bytes()[-_TAIL:]
        except (OSError, AssertionError):
            return ""
        lines = data.decode("utf-8", "replace").strip().splitlines()[-5:]
        return "; its last output was:\n  " + "\n  ".join(lines) if lines else ""

    @property
    def lifeline(self) -> socket.socket:
        """Our end of it, once the game was started; the robot writes lines."""
        assert self._lifeline is not None
        return self._lifeline

    def farewell(self, patience: float) -> None:
        """Let the game tell its clients that the race is over, and end, within `patience` s."""
        if self._lifeline is not None and self._process is not None:
            self._lifeline.shutdown(socket.SHUT_WR)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)

    def close(self, patience: float) -> None:
        """End the process, politely for `patience` s at most, and remove the directory. May be called again.

        In a process forked from the owner's it does nothing: the game is not theirs.
        """
        if os.getpid() != self._owner:
            return
        if self._lifeline is not None:
            self._lifeline.close()
            self._lifeline = None
        if self._process is not None:
            self._process.terminate()
            self._process.send_signal(signal.SIGCONT)  # a stopped process does not hear the first
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(patience)
            self._process = None
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)
            os.close(self._lock)
            self.directory = None
        self._heard = b""


def sweep() -> None:
    """Remove the directories of instances whose owner died without even the robot noticing."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = path.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists() and _unlocked(path):
            _log.info("removing %s, left behind by process %s", path, owner)
            shutil.rmtree(path, ignore_errors=True)


def _unlocked(path: Path) -> bool:
    """Whether no process holds the directory; process ids alone lie where containers share a /tmp."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _link_all(source: Path, target: Path, skip: str) -> None:
    target.mkdir(exist_ok=True)
    for path in source.iterdir():
        if path.name != skip and not (target / path.name).exists():
            (target / path.name).symlink_to(path)


def _overlay(directory: Path, data: Path, name: Path) -> None:
    """Make room for the file `name`; below ``data/``, with links to all its neighbours at every level."""
    target = directory / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if name.parts[0] != "data":
        return
    here, there = directory / "data", data
    for part in name.parts[1:]:
        _link_all(there, here, skip=part)
        here, there = here / part, there / part
