"""``python -m racegym``: the command line."""

from racegym.cli import main

main()
