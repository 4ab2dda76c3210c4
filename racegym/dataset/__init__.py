"""Recordings read back: episodes, transitions under any task, exports, replays. Imports nothing heavy until used."""

from racegym.dataset.reading import Dataset, Episode
from racegym.dataset.transitions import Transitions

__all__ = ["Dataset", "Episode", "Transitions"]
