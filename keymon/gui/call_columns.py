"""The columns of single calls."""

from typing import TYPE_CHECKING

from keymon.gui.evidence import status_name
from keymon.gui.moments import both_clocks, second
from keymon.gui.row_model import RowColumn
from keymon.gui.translation import number, plain_tip, shown_model, tr
from keymon.masking import mask_key

if TYPE_CHECKING:
    from keymon.call_list import Call, CallList, CallsByWeight
    from keymon.monitor import Snapshot


def _time(call: "Call", snapshot: "Snapshot") -> str:
    return second(call.started, snapshot)


def _time_tip(call: "Call", snapshot: "Snapshot") -> str:
    return both_clocks(call.started, snapshot)


def _key(call: "Call", _snapshot: "Snapshot") -> str:
    return tr("no key") if call.key is None else mask_key(call.key)


def _model(call: "Call", _snapshot: "Snapshot") -> str:
    return shown_model(call.model)


def _model_tip(call: "Call", _snapshot: "Snapshot") -> str:
    return plain_tip(shown_model(call.model))


def _status(call: "Call", _snapshot: "Snapshot") -> str:
    return ("✓ " if call.success else "✗ ") + status_name(call.status)


def _status_tip(call: "Call", _snapshot: "Snapshot") -> str:
    return plain_tip(
        status_name(call.status)
        if call.success
        else tr("{status}: open it for the text of its error").format(status=status_name(call.status))
    )


def _latency(call: "Call", _snapshot: "Snapshot") -> str:
    return "–" if call.latency_ms is None else tr("{ms} ms").format(ms=number(call.latency_ms))


def _by_latency(calls: "CallList", _snapshot: "Snapshot", descending: bool) -> "CallsByWeight":
    return calls.by_latency(descending=descending)


COLUMNS = (
    RowColumn(
        "Time",
        "When the call started; calls are listed newest first and can be sorted by latency",
        "2026-11-23 23:59:59",
        _time,
        _time_tip,
    ),
    RowColumn("Key", "The API key, masked; filter by it above", "AIzaSy…WWWW", _key, is_key=True),
    RowColumn("Model", "The model that was asked for; filter by it above", "", _model, _model_tip),
    RowColumn(
        "Status", "HTTP status, or the network error; filter by it above", "✗ All connection at", _status, _status_tip
    ),
    RowColumn(
        "Latency",
        "How long the call took, in milliseconds",
        "999,999 ms",
        _latency,
        arrange=_by_latency,
        is_number=True,
    ),
)
