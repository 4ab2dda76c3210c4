"""When a state is due: by elapsed time, or by counting frames as assetto_corsa_gym does."""

import time


class ClockPace:
    """Every 1 / rate seconds on average, whatever the frame rate; at most one a frame."""

    def __init__(self, rate):
        self._period = 1.0 / rate
        self._owed = 0.0
        self._last = None

    def restart(self):
        """The next frame is due."""
        self._owed = self._period
        self._last = None

    def is_due(self):
        """Called once a frame."""
        now = time.perf_counter()
        frame = 0.0 if self._last is None else now - self._last
        self._last = now
        # A debt of more than a period (the game stood still) is forgotten: states do not come in bursts.
        self._owed = min(self._owed + frame, 2 * self._period)
        # Nearest frame, not next: half a frame early is as good as half a frame late.
        if self._owed + frame / 2 < self._period:
            return False
        self._owed -= self._period
        return True


class FramePace:
    """Every nth frame: right only while the frame rate is what the settings say."""

    def __init__(self, rate, frames):
        self._every = max(1, int(frames // rate))
        self._count = 0

    def restart(self):
        """The next frame is due."""
        self._count = self._every - 1

    def is_due(self):
        """Called once a frame."""
        self._count += 1
        return self._count % self._every == 0


def make(settings):
    """The pace that the settings ask for."""
    rate = settings["STATES", "RATE"]
    if settings["STATES", "PACE"].lower() == "frames":
        return FramePace(rate, settings["STATES", "FRAMES"])
    return ClockPace(rate)
