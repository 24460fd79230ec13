"""A language other than English: our own texts, and those of Qt, such as the standard buttons of a question."""

import gettext
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QTranslator

from keymon.resources import resource

if TYPE_CHECKING:
    from keymon.gui.translation import Language


class Catalogue:
    """The texts in a language, in use until they are closed; what has no translation stays English."""

    def __init__(self, language: "Language") -> None:
        self.language = language
        self._texts = gettext.translation("keymon", resource("locale"), [language], fallback=True)
        self._of_qt = QTranslator()
        self._of_qt.load(f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))
        QCoreApplication.installTranslator(self._of_qt)

    def text(self, text: str) -> str:
        """Return a text in the language."""
        return self._texts.gettext(text) if text else ""  # under no text there is the head of the catalogue

    def close(self) -> None:
        """Take Qt's texts out of use."""
        QCoreApplication.removeTranslator(self._of_qt)
