"""Where what `make package` built is."""

import os
from pathlib import Path

import pytest

DIST = Path(os.environ.get("KEYMON_DIST") or Path(__file__).parents[2] / "dist")


def built(pattern: str) -> Path:
    """Return the one thing in `dist/` of that pattern; without one the test is skipped, or fails where it is needed."""
    found = list(DIST.glob(pattern))
    if not found:
        message = f"there is no {pattern} in {DIST}: `make package` builds it"
        if os.environ.get("KEYMON_NEED_BUNDLE"):
            pytest.fail(message)
        pytest.skip(message)
    assert len(found) == 1, found
    return found[0]
