"""Which versions of what are at work here, for whoever reports a fault."""

import platform
from importlib.metadata import PackageNotFoundError, version

from keymon import __version__

_PACKAGES = ("PySide6_Essentials", "SQLAlchemy", "PyMySQL", "numpy", "keyring", "humanize", "platformdirs")


def versions() -> str:
    """Return keymon's version, and a line each for Python, the system and the libraries."""
    lines = [f"keymon {__version__}", f"Python {platform.python_version()}", platform.platform()]
    for name in _PACKAGES:
        try:
            lines.append(f"{name.removesuffix('_Essentials')} {version(name)}")
        except PackageNotFoundError:
            lines.append(f"{name} (unknown)")
    return "\n".join(lines)
