"""The columns of errors, and of groups of errors with one message."""

from typing import TYPE_CHECKING

from keymon.gui.evidence import status_name
from keymon.gui.moments import both_clocks, second
from keymon.gui.row_table import RowColumn
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


GROUPS = (
    RowColumn("Errors", "999,999", _count, is_number=True),
    RowColumn("Keys", "99,999", _keys, is_number=True),
    RowColumn("Message", "", _group, _group_tip),
    RowColumn("Newest", "2026-11-23 23:59:59", _newest),
)
ROWS = (
    RowColumn("Time", "2026-11-23 23:59:59", _time, _time_tip),
    RowColumn("Key", "AIzaSy…WWWW", _key, is_key=True),
    RowColumn("Model", "gemini-2.5-flash-lite", _model, _model_tip),
    RowColumn("Code", "no status", _code),
    RowColumn("Message", "", _message, _message_tip),
)
