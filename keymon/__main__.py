"""`python -m keymon`."""

import sys

from keymon.cli import main

sys.exit(main())
