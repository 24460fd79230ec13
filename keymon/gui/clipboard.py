"""Keys on the clipboard: put there only when asked, and taken off again."""

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, QObject
from PySide6.QtGui import QGuiApplication

from keymon.gui.lapse import Lapse

LIFETIME_MS = 30_000


class SecretClipboard(QObject):
    """Holds keys on the clipboard for thirty seconds, unless something else takes their place before."""

    def __init__(self, parent: QObject | None = None, lifetime_ms: int = LIFETIME_MS) -> None:
        super().__init__(parent)
        self._held = ""
        self.lapse = Lapse(lifetime_ms, self)
        self.lapse.passed.connect(self.clear)

    def put(self, keys: Sequence[str]) -> None:
        """Put keys on the clipboard, one a line."""
        self._held = "\n".join(keys)
        data = QMimeData()
        data.setText(self._held)
        # Clipboard managers that know this leave it out of their history.
        data.setData("x-kde-passwordManagerHint", b"secret")
        QGuiApplication.clipboard().setMimeData(data)
        self.lapse.start()

    def clear(self) -> None:
        """Empty the clipboard if it still holds what was put there."""
        self.lapse.stop()
        if self._held and QGuiApplication.clipboard().text() == self._held:
            QGuiApplication.clipboard().clear()
        self._held = ""
