"""The machine that was measured on, as far as it matters to the figures; nothing that tells whose it is."""

import os
import platform
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path


def description(folder: Path) -> dict[str, str | int | float]:
    """Describe the machine; `folder` is where the databases are."""
    import numpy as np
    from PySide6.QtCore import qVersion

    return {
        "cpu": _after_colon(Path("/proc/cpuinfo"), "model name") or platform.machine(),
        "cores": os.cpu_count() or 0,
        "memory_gb": round(int(_after_colon(Path("/proc/meminfo"), "MemTotal").split()[0] or 0) / 1024**2, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "mariadb": _mariadb_version(),
        "numpy": np.__version__,
        "qt": qVersion(),
        "file_system": file_system(folder),
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def file_system(folder: Path) -> str:
    """Return the kind of the file system that `folder` is on."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return "unknown"
    at = folder.resolve()
    holding = [(mount[1], mount[2]) for mount in mounts if at.is_relative_to(mount[1])]
    # Of two mounts at one place the later one is seen.
    return max(enumerate(holding), key=lambda mount: (len(mount[1][0]), mount[0]))[1][1] if holding else "unknown"


def _after_colon(file: Path, name: str) -> str:
    try:
        found = re.search(rf"^{name}\s*:\s*(.+)$", file.read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else "0"


def _mariadb_version() -> str:
    server = shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if server is None:
        return "none"
    told = subprocess.run([server, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+\.\d+\.\d+", told)
    return found[0] if found else "unknown"
