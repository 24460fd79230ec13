"""The columns of errors, and of groups of errors with one message."""

from typing import TYPE_CHECKING

from keymon.gui.evidence import status_name
from keymon.gui.moments import both_clocks, second
from keymon.gui.row_model import RowColumn, by
from keymon.gui.translation import number, plain_tip, shown_model, tr
from keymon.masking import foreign, mask_key, mask_text_of, visible

if TYPE_CHECKING:
    from datetime import datetime

    from keymon.error_browser import ErrorRow
    from keymon.error_groups import ErrorGroup
    from keymon.monitor import Snapshot


def _moment(at: "datetime | None", snapshot: "Snapshot") -> str:
    return tr("no time") if at is None else second(at, snapshot)


def _time(row: "ErrorRow", snapshot: "Snapshot") -> str:
    return _moment(row.at, snapshot)


def _time_tip(row: "ErrorRow", snapshot: "Snapshot") -> str | None:
    return None if row.at is None else both_clocks(row.at, snapshot)


def _key(row: "ErrorRow", _snapshot: "Snapshot") -> str:
    return tr("no key") if row.key is None else mask_key(row.key)


def _model(row: "ErrorRow", _snapshot: "Snapshot") -> str:
    return shown_model(row.model)


def _code(row: "ErrorRow", _snapshot: "Snapshot") -> str:
    return status_name(row.code)


def _message(row: "ErrorRow", _snapshot: "Snapshot") -> str:
    from keymon.error_groups import message

    return visible(mask_text_of(row.key, message(row.head)), 300) or tr("nothing was logged")


def _message_tip(row: "ErrorRow", snapshot: "Snapshot") -> str:
    kind = f"{foreign(row.kind, 60)}: " if row.kind else ""
    return plain_tip(kind + _message(row, snapshot))


def _model_tip(row: "ErrorRow", _snapshot: "Snapshot") -> str:
    return plain_tip(shown_model(row.model))


def _group(group: "ErrorGroup", _snapshot: "Snapshot") -> str:
    return visible(group.message, 300) or tr("nothing was logged")


def _group_tip(group: "ErrorGroup", snapshot: "Snapshot") -> str:
    return plain_tip(tr("The newest: {message}").format(message=_message(group.example, snapshot)))


def _count(group: "ErrorGroup", _snapshot: "Snapshot") -> str:
    return number(group.count)


def _keys(group: "ErrorGroup", _snapshot: "Snapshot") -> str:
    return number(group.keys)


def _newest(group: "ErrorGroup", snapshot: "Snapshot") -> str:
    return _moment(group.newest, snapshot)


def _moment_of(row: "ErrorRow", _snapshot: "Snapshot") -> "datetime | None":
    return row.at


def _code_of(row: "ErrorRow", _snapshot: "Snapshot") -> tuple[bool, int, str] | None:
    if row.code is None:
        return None
    return (False, row.code, "") if isinstance(row.code, int) else (True, 0, row.code)


def _message_of(row: "ErrorRow", _snapshot: "Snapshot") -> str:
    from keymon.error_groups import group_name

    return group_name(row.head, row.key)  # it is kept, and ten thousand messages take long to find


GROUPS = (
    RowColumn(
        "Errors",
        "How many errors of those that are listed have the message",
        "999,999",
        _count,
        arrange=by(lambda group, _: group.count),
        is_number=True,
    ),
    RowColumn(
        "Keys",
        "Of how many different keys they are",
        "99,999",
        _keys,
        arrange=by(lambda group, _: group.keys),
        is_number=True,
    ),
    RowColumn(
        "Message",
        "What the errors say; numbers and keys in it make no difference",
        "",
        _group,
        _group_tip,
        arrange=by(lambda group, _: group.message),
    ),
    RowColumn(
        "Newest",
        "When the newest of them was logged",
        "2026-11-23 23:59:59",
        _newest,
        arrange=by(lambda group, _: group.newest),
    ),
)
ROWS = (
    RowColumn(
        "Time",
        "When the call started or, of some kinds of calls, when it failed",
        "2026-11-23 23:59:59",
        _time,
        _time_tip,
        arrange=by(_moment_of),
    ),
    RowColumn("Key", "The API key, masked", "AIzaSy…WWWW", _key, arrange=by(lambda row, _: row.key), is_key=True),
    RowColumn(
        "Model",
        "The model that was asked for",
        "gemini-2.5-flash-lite",
        _model,
        _model_tip,
        arrange=by(lambda row, _: row.model),
    ),
    RowColumn("Code", "What the upstream answered with", "no status", _code, arrange=by(_code_of)),
    RowColumn("Message", "What the error says", "", _message, _message_tip, arrange=by(_message_of)),
)
