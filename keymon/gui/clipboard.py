"""Keys on the clipboard: put there only when asked, and taken off again."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QMimeData, QObject
from PySide6.QtGui import QGuiApplication

from keymon.gui.lapse import Lapse

LIFETIME_MS = 30_000
_NO = bytes(4)
"""A DWORD of Windows' that is 0."""
SECRET_MARKS: Mapping[str, bytes] = {
    # What clipboard managers look for, and then leave out of their history: KDE's, which others on Linux honour,
    "x-kde-passwordManagerHint": b"secret",
    # Windows' own history, its way to other devices, and what watches the clipboard besides,
    'application/x-qt-windows-mime;value="ExcludeClipboardContentFromMonitorProcessing"': b"1",
    'application/x-qt-windows-mime;value="CanIncludeInClipboardHistory"': _NO,
    'application/x-qt-windows-mime;value="CanUploadToCloudClipboard"': _NO,
    'application/x-qt-windows-mime;value="Clipboard Viewer Ignore"': b"1",
    # and those on macOS, as far as Qt hands its name on.
    "application/x-nspasteboard-concealed-type": b"1",
}
"""What is on the clipboard beside a key, by type."""


class SecretClipboard(QObject):
    """Holds keys on the clipboard for thirty seconds, unless something else takes their place before.

    The selection that X11 keeps besides is left alone.
    """

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
        for kind, mark in SECRET_MARKS.items():
            data.setData(kind, mark)
        QGuiApplication.clipboard().setMimeData(data)
        self.lapse.start()

    def clear(self) -> None:
        """Empty the clipboard if it still holds what was put there."""
        self.lapse.stop()
        if self._held and QGuiApplication.clipboard().text() == self._held:
            QGuiApplication.clipboard().clear()
        self._held = ""
