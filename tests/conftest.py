"""The tests' own modules, and a silent matplotlib."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
