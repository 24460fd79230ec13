"""Every text that a person sees in the window passes through here, into the language of the operator.

Texts are written in English; nothing is loaded for that, so that the first paint waits for no catalogue.
"""

from typing import TYPE_CHECKING, Literal, get_args

from PySide6.QtCore import QLocale

from keymon.errors import KeymonError
from keymon.masking import foreign

if TYPE_CHECKING:
    from keymon.gui.catalogue import Catalogue

Language = Literal["en", "zh_CN"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_TRADITIONAL = {"Hant", "TW", "HK", "MO"}
_WORDED_FIELDS = {"reason", "what", "how"}
"""The fields of errors that hold words of ours; what is none of those stays as it is."""
_spoken: "list[Catalogue]" = []
"""At most one; none is English."""


def tr(text: str) -> str:
    """Return `text` in the operator's language. Fill in values afterwards: `tr("{n} keys").format(n=n)`."""
    return _spoken[0].text(text) if _spoken else text


def language_of(chosen: Language | None) -> Language:
    """Return the language that was `chosen`, else the first of the desktop's that there is, else English."""
    return chosen or _first_known(QLocale.system().uiLanguages())


def _first_known(names: list[str]) -> Language:
    is_traditional = False
    for name in names:
        parts = set(name.replace("_", "-").split("-"))
        if "en" in parts:
            return "en"
        if "zh" in parts:
            if "Hans" not in parts and parts & _TRADITIONAL:
                is_traditional = True
            elif len(parts) > 1 or not is_traditional:  # after zh-TW plain zh is but what is left of it
                return "zh_CN"
    return "en"


def speak(language: Language) -> None:
    """Tell texts in `language` from now on; those that are on the screen stay. The application has been made."""
    while _spoken:
        _spoken.pop().close()
    if language != "en":
        from keymon.gui.catalogue import Catalogue

        _spoken.append(Catalogue(language))


def spoken() -> Language:
    """Return the language in which texts are told."""
    return _spoken[0].language if _spoken else "en"


def error_text(error: BaseException) -> str:
    """Return the message of one of our errors, or the class of a fault of keymon's own."""
    if isinstance(error, KeymonError):
        text = tr(error.template).format(**{name: _field(name, value) for name, value in error.fields.items()})
        # A message that begins with a path or an address keeps it to the letter.
        return text if error.template.startswith("{") else text[:1].upper() + text[1:]
    return tr("keymon has met a fault of its own ({kind}).").format(kind=type(error).__name__)


def _field(name: str, value: object) -> object:
    if isinstance(value, KeymonError):
        return error_text(value)
    return tr(value) if name in _WORDED_FIELDS and isinstance(value, str) else value


def error_cause(error: BaseException) -> str:
    """Return the message of an error where the place that it begins with can be seen anyway."""
    text = error_text(error)
    place = f"{error.fields.get('database')}: " if isinstance(error, KeymonError) else ""
    cause = text.removeprefix(place)
    return text if cause == text else cause[:1].upper() + cause[1:]


def error_advice(error: BaseException) -> str:
    """Return the way out of an error, empty where there is none to offer."""
    return tr(error.advice) if isinstance(error, KeymonError) and error.advice else ""


def shown_model(model: str | None, limit: int = 120) -> str:
    """Return a model as the window shows it; rows with a NULL model are “(unknown)”."""
    if model is None:
        return tr("(unknown)")
    if not model.strip():
        return tr("(blank)") if model else tr("(empty)")
    return foreign(model, limit)


def plain_tip(text: str) -> str:
    """Return a tooltip that shows `text` to the letter.

    Qt guesses markup from what looks like a tag, and a model name is whatever a client of the gateway sent.
    """
    import html

    return f"<qt>{html.escape(text)}</qt>"


def number(value: int) -> str:
    """Return a whole number with the operator's group separators."""
    return QLocale().toString(value)


def percent(rate: float | None) -> str:
    """Return a share of 0 to 1 as a percentage; a dash for none. Never rounds a blemish away to 100 %."""
    if rate is None:
        return "–"
    tenths = round(rate * 1000)
    if rate < 1:
        tenths = min(tenths, 999)
    if rate > 0:
        tenths = max(tenths, 1)
    return f"{QLocale().toString(tenths / 10, 'f', 1)} %"
