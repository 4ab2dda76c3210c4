"""The stand-in game: a process that loads a plug-in as Assetto Corsa would, over the built-in simulator's physics.

The one place in a backend that may import `racegym_bicycle`. Who calls whom::

    StandIn (launch.py, in racegym's process) ── starts ──► __main__.py ── builds ──► Host (host.py)
        Host: makes up a game folder (folder.py) and puts `ac`, `acsys`, `mmap` and vJoy (modules.py, pages.py,
              joystick.py) where the plug-in will look, imports the plug-in, then frame by frame:
              World.advance (world.py: physics, gears, laps) ─► pages ─► plug-in's acUpdate
        plug-in ── vJoy's UpdateVJD ──► Joystick ──► World

It obeys orders, lines on its standard input (`ORDERS` in host.py), and ends when that closes. On standard output it
says
one line of JSON once the plug-in listens. ``embed.c`` is the same host inside a C program that keeps Python's global
lock between frames, as the game is said to.
"""
