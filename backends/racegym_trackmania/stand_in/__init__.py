"""The stand-in game: a real window with real keys, racegym's built-in car physics, and TrackMania's telemetry.

It is how the backend is tested and shown where the game cannot run, and it is always called a stand-in. Run by
``python -m racegym_trackmania.stand_in``; `racegym_trackmania.launch` does so.

| module | does |
| --- | --- |
| `race` | the race: countdown, car, keys to controls, laps, finish |
| `view` | what the camera sees, as polygons; pure |
| `window` | the X11 window: draws polygons, knows which keys are down |
| `server` | both telemetry streams |
| `tminterface` | a TMInterface 2 server, for stepping in lockstep |
| `game` | the loop, 60 frames a second, and the switches for every fault |
"""
