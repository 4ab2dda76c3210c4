"""The UDP side: one client, states to it, controls from it. Polled once a frame; bad datagrams are counted and
dropped."""

import json
import math
import socket
import time
from collections import OrderedDict

try:
    import select
except ImportError:  # its .pyd is not part of the game; only lingering needs it
    select = None

LONGEST = 1024
AT_ONCE = 64
AXES = (("steer", 0.0), ("acc", -1.0), ("brake", -1.0))
FLAGS = ("enable_gear_shift", "shift_up", "shift_down")


def neutral():
    """Hands and feet off."""
    control = dict(AXES)
    control.update((flag, 0) for flag in FLAGS)
    return control


class Ego:
    """Serves the one client that said connect last. `act(control)` is called with every control that is valid."""

    def __init__(self, host, port, act):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]
        self.client = None
        self.steps = 0
        self.out_of_sync = 0
        self.dropped = 0
        self.control_lag = 0.0
        self.heard = time.perf_counter()
        self._act = act
        self._control = neutral()
        self._sent = OrderedDict()
        self._words = {b"connect": self._connect, b"disconnect": self._disconnect, b"reset": self._nothing}

    def poll(self):
        """Take what has come; whether a new client has."""
        before, arrived = self.client, False
        for _ in range(AT_ONCE):
            try:
                data, sender = self._socket.recvfrom(65535)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                # Windows: oversize, or the last datagram that we sent found nobody
                self.dropped += 1
                continue
            arrived = self._take(data, sender) or arrived
        return arrived or (self.client is not None and self.client != before)

    def _take(self, data, sender):
        word = self._words.get(data)
        if word is not None:
            return word(sender)
        if sender != self.client or len(data) > LONGEST or not self._obey(data):
            self.dropped += 1
        return False

    def _connect(self, sender):
        if self.client not in (None, sender):
            self._send(b"disconnect", self.client)
        self.client, self.steps, self._control = sender, 0, neutral()
        self.heard = time.perf_counter()
        self._sent.clear()
        self._send(b"identified", sender)
        return True

    def _disconnect(self, sender):
        if sender == self.client:
            self.client, self._control = None, neutral()
            self._act(self._control)
        else:
            self.dropped += 1
        return False

    def _nothing(self, sender):
        return False

    def _obey(self, data):
        """Take a control over; False when it is none. What it leaves out stays as it was."""
        try:
            message = json.loads(data.decode("utf-8"))
            steps = int(message["server_steps"])
            control = dict(self._control)
            for axis, _ in AXES:
                value = float(message.get(axis, control[axis]))
                if not math.isfinite(value):
                    return False
                control[axis] = min(max(value, -1.0), 1.0)
            for flag in FLAGS:
                control[flag] = int(bool(message.get(flag, control[flag])))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RuntimeError):
            return False
        self._control, self.heard = control, time.perf_counter()
        if steps != self.steps:
            self.out_of_sync += 1
        self._act(control)
        sent = self._sent.pop(steps, None)
        if sent is not None:
            self.control_lag = time.perf_counter() - sent
        return True

    def forget(self, seconds):
        """Let go of the pedals when nothing was heard for so long."""
        if self.client is not None and time.perf_counter() - self.heard > seconds:
            self.heard = time.perf_counter()
            self._control = neutral()
            self._act(self._control)

    def linger(self, seconds):
        """Wait in this frame, for so long at most, for the answer to the state just sent."""
        end = time.perf_counter() + seconds
        while select is not None and self.client is not None and self.steps in self._sent:
            left = end - time.perf_counter()
            if left <= 0 or not select.select([self._socket], [], [], left)[0]:
                return
            self.poll()

    def send_state(self, state):
        """Number a state and send it."""
        self.steps += 1
        state["steps"] = self.steps
        state["total_errors_out_of_sync"] = self.out_of_sync
        data = json.dumps(state).encode("ascii")
        self._sent[self.steps] = time.perf_counter()
        while len(self._sent) > AT_ONCE:
            self._sent.popitem(last=False)
        self._send(data, self.client)

    def _send(self, data, target):
        try:
            self._socket.sendto(data, target)
        except OSError:
            self.dropped += 1

    def close(self):
        """Say goodbye to the client."""
        if self.client is not None:
            self._send(b"disconnect", self.client)
            self.client = None
        self._socket.close()
