"""Courses of the game: from its ``fast_lane.ai``, from assetto_corsa_gym's CSVs, from a running plug-in.

The plane is the plug-in's: x = the game's Z, y = its X, metres; directions of travel are the real ones, left is left.
"""
