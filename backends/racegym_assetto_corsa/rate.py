"""How often states come, by the game's own clock: the check that would have saved many a training run.

assetto_corsa_gym's plug-in counts frames, not time: without a frame cap of exactly 50 (or 100) the rate is wrong, and
nothing says so.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise

#: How far the rate may be from the agreed one, as a share.
TOLERANCE = 0.1
#: States that a judgement rests on, and how many of the longest and the shortest periods among them do not count.
WINDOW = 25
OUTLIERS = 2
#: States on end for which a rate must be wrong while driving.
LONG = 2 * WINDOW

REMEDY = (
    "cap the game at the plug-in's sampling frequency (Content Manager > Settings > Video > Limit "
    "framerate: 50, or 100 "
    "when the plug-in runs vJoy), or use racegym's own plug-in, which goes by the clock: racegym assetto_corsa install"
)


class RateMeter:
    """The mean period of the latest states, without the few longest and shortest: a game stutters now and then."""

    def __init__(self, period: float) -> None:
        self._period = period
        self._seen: deque[tuple[int, float]] = deque(maxlen=WINDOW)
        self._wrong = 0

    def clear(self) -> None:
        """Forget what was seen: the stream was interrupted on purpose."""
        self._seen.clear()
        self._wrong = 0

    def note(self, steps: int, timestamp: float) -> None:
        """Take one state into account: its number and the game's clock, s."""
        if self._seen and (steps <= self._seen[-1][0] or timestamp <= self._seen[-1][1]):
            self.clear()
        self._seen.append((steps, timestamp))
        self._wrong = 0 if self.is_right else self._wrong + 1

    @property
    def is_known(self) -> bool:
        """Whether enough states were seen."""
        return len(self._seen) == WINDOW

    @property
    def period(self) -> float:
        """Mean period, s, by the numbers of the states: skipped ones count."""
        seen = list(self._seen)
        periods = sorted((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(seen))
        kept = periods[OUTLIERS:-OUTLIERS]
        return sum(kept) / len(kept)

    @property
    def is_right(self) -> bool:
        """Whether the period is the agreed one, as far as is known."""
        return not self.is_known or abs(self.period / self._period - 1) <= TOLERANCE

    @property
    def is_wrong_for_good(self) -> bool:
        """Whether it has been wrong for longer than one stutter makes it."""
        return self._wrong > LONG

    def complaint(self) -> str:
        """What is wrong and what mends it."""
        found, agreed = 1 / self.period, 1 / self._period
        return f"states come at {found:.1f} a second of the game's clock instead of {agreed:g}; {REMEDY}"
