"""``python -m sim``: see sim/server.py."""

import sys

from sim.server import main

sys.exit(main())
