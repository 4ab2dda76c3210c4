"""Keys held down in the focused window: by pynput with virtual key codes only, and always let go.

Characters would travel as synthetic events that games ignore, so every key is a code. What is held is known, and
released by `release`, at exit, and when SIGTERM or SIGHUP would end the process; after SIGKILL the next `Keyboard` on
the display releases every key of ours first.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterable
from typing import Any

from racegym.errors import BackendUnavailable, SimulatorLost

#: Names, X11 keysyms and Windows virtual key codes of the keys that games need.
KEYS: dict[str, tuple[int, int]] = {
    "up": (0xFF52, 0x26), "down": (0xFF54, 0x28), "left": (0xFF51, 0x25), "right": (0xFF53, 0x27),
    "delete": (0xFFFF, 0x2E), "backspace": (0xFF08, 0x08), "return": (0xFF0D, 0x0D), "escape": (0xFF1B, 0x1B),
    "1": (0x31, 0x31), "2": (0x32, 0x32), "3": (0x33, 0x33), "4": (0x34, 0x34),
}  # fmt: skip
_ENDINGS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
#: pynput takes its display from the environment when a controller is made.
_naming = threading.Lock()


class Keyboard:
    """The keys of one display."""

    def __init__(self, display: str | None = None) -> None:
        """`display` is an X display's name, by default ``$DISPLAY``; `BackendUnavailable` where keys cannot
        be pressed.
        """
        controller, code = _controller(display)
        self._controller: Any = controller
        column = 1 if sys.platform == "win32" else 0
        self._codes = {name: code(codes[column]) for name, codes in KEYS.items()}
        self._lock = threading.RLock()
        self._owner = os.getpid()
        self._old_handlers: dict[int, Any] = {}
        self.held: frozenset[str] = frozenset()
        self._let_go(KEYS)  # a process that was killed may have left some down
        atexit.register(self.release)
        self._watch_signals()

    def hold(self, wanted: Iterable[str]) -> None:
        """Hold exactly these keys: press what is missing, release what is too much; `SimulatorLost` when X is gone."""
        wanted = frozenset(wanted)
        with self._lock:
            try:
                for name in self.held - wanted:
                    self._controller.release(self._codes[name])
                    self.held -= {name}
                for name in wanted - self.held:
                    self.held |= {name}
                    self._controller.press(self._codes[name])
            except Exception as error:  # pynput passes on whatever its platform raises
                raise SimulatorLost(f"trackmania: keys cannot be pressed any more: {error}") from error

    def release(self) -> None:
        """Let every key go; never raises."""
        if os.getpid() == self._owner:
            with self._lock:
                self._let_go(self.held)
                self.held = frozenset()

    def _let_go(self, names: Iterable[str]) -> None:
        with contextlib.suppress(Exception):
            for name in names:
                self._controller.release(self._codes[name])

    def close(self) -> None:
        """Release all, and leave signals as they were."""
        self.release()
        atexit.unregister(self.release)
        for number, handler in self._old_handlers.items():
            if threading.current_thread() is threading.main_thread():
                signal.signal(number, handler)
        self._old_handlers.clear()
        self._controller = None  # pynput hangs up on the display when its controller goes

    def _watch_signals(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number in _ENDINGS:
            if signal.getsignal(number) == signal.SIG_DFL:
                self._old_handlers[number] = signal.signal(number, self._end)

    def _end(self, number: int, _: Any) -> None:
        self.release()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _controller(display: str | None) -> tuple[Any, Any]:
    """pynput's controller for `display`, and its key class's ``from_vk``."""
    with _naming:
        before = os.environ.get("DISPLAY")
        if display is not None:
            os.environ["DISPLAY"] = display
        try:
            from pynput import keyboard

            return keyboard.Controller(), keyboard.KeyCode.from_vk
        except ImportError as error:
            raise BackendUnavailable(
                f"trackmania: keys are pressed by pynput, which cannot be used here ({error}); "
                "pip install 'racegym[trackmania]', and set DISPLAY on Linux"
            ) from error
        except Exception as error:  # python-xlib's own errors
            raise BackendUnavailable(
                f"trackmania: the display {display or before} has no keyboard: {error}"
            ) from error
        finally:
            if display is not None:
                if before is None:
                    os.environ.pop("DISPLAY", None)
                else:
                    os.environ["DISPLAY"] = before
