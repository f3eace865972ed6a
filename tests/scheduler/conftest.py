"""Plans that workers make are tried on the shop of the workers' own tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "doorstep"))
