"""What may import what is checked by import-linter; here, what an import costs in fact."""

import subprocess
import sys

import pytest


def modules_after(statement: str) -> set[str]:
    program = f"{statement}; import sys; print('\\n'.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(run.stdout.split())


@pytest.mark.parametrize("module", ["cli", "monitor", "stats", "report", "demo"])
def test_the_core_needs_no_qt(module: str) -> None:
    assert not any(name.startswith("PySide6") for name in modules_after(f"import keymon.{module}"))


def test_the_window_is_built_without_what_reading_needs() -> None:
    loaded = modules_after("import keymon.gui.app")
    assert not {"sqlalchemy", "numpy", "sqlite3"} & loaded
