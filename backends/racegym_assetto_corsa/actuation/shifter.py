"""From the gear that is wanted to presses of the two shift buttons: one state down, one state up, until it is there."""

from __future__ import annotations


class Shifter:
    """`by_hand`: every gear is shifted by button; else only between reverse and forward, the rest being the game's."""

    def __init__(self, by_hand: bool) -> None:
        self._by_hand = by_hand
        self._pressed = False

    def press(self, wanted: int, engaged: int) -> tuple[bool, bool]:
        """Whether to hold (up, down) until the next state."""
        change = wanted - engaged if self._by_hand else self._direction(wanted, engaged)
        if self._pressed or not change:
            # a press counts when the button goes down, so it has to come up in between
            self._pressed = False
            return False, False
        self._pressed = True
        return change > 0, change < 0

    @staticmethod
    def _direction(wanted: int, engaged: int) -> int:
        """Up from reverse when forward is wanted, down to it when reverse is; else leave it to the game."""
        if wanted < 0:
            return wanted - engaged
        return int(wanted > 0 and engaged < 0)
