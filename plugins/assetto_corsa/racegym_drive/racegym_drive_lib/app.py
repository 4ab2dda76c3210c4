"""One frame after the other: take controls, answer commands, send a state when one is due. Nothing here raises."""

import json
import time

import ac

from . import lanes, pace, sample, settings
from .ego import Ego
from .joystick import Joystick
from .management import Management
from .pages import Pages

VERSION = 1
COMPLAINTS = 20
RESTART_FRAMES = 10
FPS_FRAMES = 50


class App:
    """The servers and what they serve."""

    def __init__(self, folder, label):
        self._label = label
        self._complaints = {}
        self._settings = settings.read(folder, self._log)
        self._pages = Pages()
        for page in self._pages.missing:
            self._log("no shared memory %s" % page)
        self._pace = pace.make(self._settings)
        self._joystick = self._open_joystick()
        host = self._settings["NETWORK", "HOST"]
        self._ego = Ego(host, self._settings["NETWORK", "STATE_PORT"], self._act)
        commands = {
            "reset": self._reset,
            "restart_session": self._restart,
            "get_config": self._config,
            "get_static_info": self._static_info,
            "get_track_info": self._track_info,
            "ping": lambda: {
                "pong": VERSION,
                "unknown": self._management.unknown,
                "dropped": self._ego.dropped,
            },
        }
        self._management = Management(host, self._settings["NETWORK", "MANAGEMENT_PORT"], commands)
        self._linger = self._settings["CONTROL", "LINGER"] / 1000.0
        self._forget = self._settings["CONTROL", "FORGET"]
        self._extra = bool(self._settings["STATES", "EXTRA_CHANNELS"])
        self._resets = 0
        self._restarting = 0
        self._lanes = b""
        self._frames = 0
        self._counted, self._fps = time.perf_counter(), 0.0
        self._say("udp %s:%d, tcp %s:%d" % (host, self._ego.port, host, self._management.port))
        for lack in self._lacks():
            self._say(lack)

    def _open_joystick(self):
        if not self._settings["CONTROL", "EXECUTE"]:
            return None
        try:
            joystick = Joystick(self._settings["CONTROL", "LIBRARY"], self._settings["CONTROL", "DEVICE"])
            if joystick.acquire():
                return joystick
            self._log("vJoy device %d cannot be acquired" % self._settings["CONTROL", "DEVICE"])
        except (ImportError, OSError, AttributeError) as error:
            self._log("no vJoy: %s" % error)
        return None

    def _lacks(self):
        if not self._has_patch():
            yield "Custom Shaders Patch is not active: reset needs a button bound to restarting the session"
        if self._joystick is None and self._settings["CONTROL", "EXECUTE"]:
            yield "no vJoy from here: the client has to move the joystick"

    def update(self, delta):
        """One frame."""
        for work in (self._control, self._manage, self._observe):
            try:
                work()
            except Exception as error:
                self._complain(work.__name__, error)

    def _control(self):
        if self._ego.poll():
            self._pace.restart()
        self._ego.forget(self._forget)
        if self._restarting:
            self._restarting -= 1
            if not self._restarting and self._joystick is not None:
                self._joystick.hold(self._settings["CONTROL", "RESTART_BUTTON"], False)

    def _manage(self):
        self._management.poll()

    def _observe(self):
        self._count_frame()
        if not self._pace.is_due() or self._ego.client is None:
            return
        state = sample.state(self._pages, self._extra)
        state["proto"] = VERSION
        state["reset_count"] = self._resets
        state["session_status"] = self._pages["status"]
        state["is_live"] = int(self._pages["status"] == 2)
        state["fps"] = round(self._fps, 2)
        state["dropped"] = self._ego.dropped
        state["control_lag"] = round(self._ego.control_lag, 6)
        self._ego.send_state(state)
        if self._linger:
            self._ego.linger(self._linger)

    def _count_frame(self):
        self._frames += 1
        if self._frames % FPS_FRAMES == 0:
            now = time.perf_counter()
            self._fps = FPS_FRAMES / max(now - self._counted, 1e-9)
            self._counted = now

    def _act(self, control):
        if self._joystick is None:
            return
        shifting = control["enable_gear_shift"]
        self._joystick.set(
            control["steer"],
            control["acc"],
            control["brake"],
            shifting and control["shift_up"],
            shifting and control["shift_down"],
        )

    def _has_patch(self):
        return hasattr(ac, "ext_resetCar")

    def _reset(self):
        if self._joystick is not None:
            self._joystick.acquire()
            self._joystick.set(0.0, -1.0, -1.0, False, False)
        if self._has_patch():
            ac.ext_resetCar()
            self._resets += 1
        else:
            self._restart()

    def _restart(self):
        if self._joystick is not None:
            self._joystick.hold(self._settings["CONTROL", "RESTART_BUTTON"], True)
            self._restarting = RESTART_FRAMES
            self._resets += 1

    def _config(self):
        rate = self._settings["STATES", "RATE"]
        by_frames = self._settings["STATES", "PACE"].lower() == "frames"
        patch = getattr(ac, "ext_patchVersion", None)
        return {
            "ego_sampling_freq": rate,
            "sampling_freq": self._settings["STATES", "FRAMES"],
            "vjoy_executed_by_server": int(self._joystick is not None),
            "send_extra_channels": int(self._extra),
            "ego_server_port": self._ego.port,
            "simulation_management_server_port": self._management.port,
            "screen_capture_enable": 0,
            "proto": VERSION,
            "csp": str(patch()) if patch is not None else "",
            "caps": [
                name
                for name, present in (
                    ("clock_pace", not by_frames),
                    ("control", self._joystick is not None),
                    ("recover", self._has_patch()),
                    ("restart_session", self._joystick is not None),
                    ("ping", True),
                )
                if present
            ],
        }

    def _static_info(self):
        return sample.static_info(self._pages)

    def _track_info(self):
        # half a megabyte that takes frames to make and does not change in a session
        if not self._lanes:
            self._lanes = json.dumps(lanes.read(lanes.path_of(*sample.track_name()))).encode("ascii")
        return self._lanes

    def _say(self, text):
        self._log(text)
        if self._label is not None:
            ac.setText(self._label, text)

    def _log(self, text):
        ac.log("racegym_drive: %s" % text)

    def _complain(self, where, error):
        """Log an error the first few times that it happens; the game calls us fifty times a second."""
        key = (where, type(error).__name__)
        self._complaints[key] = self._complaints.get(key, 0) + 1
        if self._complaints[key] <= COMPLAINTS:
            try:
                self._log("%s: %r" % (where, error))
            except Exception:
                pass

    def stop(self):
        """The session ends."""
        for close in (
            self._ego.close,
            self._management.close,
            getattr(self._joystick, "close", lambda: None),
        ):
            try:
                close()
            except Exception as error:
                self._complain("stop", error)
