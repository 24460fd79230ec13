"""What becomes of printed text where there is no console to print on, as with keymon-gui on Windows."""

import io
import sys
from collections.abc import Callable, Sequence

from keymon.display import has_display


def run(main: Callable[[Sequence[str] | None], int], arguments: Sequence[str] | None) -> int:
    """Run `main` and return its exit code; what it prints is shown in a window at its end.

    Nothing is shown where only one of the streams is missing: whoever closed it does not want to read it.
    """
    told = io.StringIO()
    is_nowhere_else = sys.stdout is None and sys.stderr is None
    sys.stdout, sys.stderr = sys.stdout or told, sys.stderr or told
    try:
        return main(arguments)
    finally:
        if is_nowhere_else and told.getvalue() and has_display():
            _show(told.getvalue())


def _show(text: str) -> None:
    try:
        from keymon.gui.questions import tell_what_was_printed
    except ImportError:  # of which the text tells
        if sys.platform == "win32":
            import ctypes

            ctypes.windll.user32.MessageBoxW(None, text, "keymon", 0)
        return
    tell_what_was_printed(text)
