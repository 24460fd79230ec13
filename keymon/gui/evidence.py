"""Why a key is valid or invalid, in words."""

from typing import TYPE_CHECKING

from keymon.gui.moments import moment
from keymon.gui.reason_shape import reason_word, shown_reason
from keymon.gui.translation import number, shown_model, tr
from keymon.masking import foreign

if TYPE_CHECKING:
    from keymon.monitor import Snapshot
    from keymon.stats import KeyFigures
    from keymon.validity import Verdict


def describe(figures: "KeyFigures", snapshot: "Snapshot", text: str | None) -> str:
    """Return the evidence for the verdict on a key, with the code and the message of the error that says why.

    `text` is what the gateway logged for the failure that says why; None while it is not known.
    """
    line = "\n".join(filter(None, (_reason(figures, snapshot), _describe(figures, snapshot, text))))
    if figures.kind == "vertex":
        line += "\n" + tr(
            "The gateway itself keeps no count for Vertex keys: these are keymon's, of failures in a row."
        )
    return line


def _describe(figures: "KeyFigures", snapshot: "Snapshot", text: str | None) -> str:
    if shown_reason(figures, snapshot) == "unproven":
        return tr("Unproven: no call in the last 24 hours, and no failure in the log before.")
    verdict = figures.verdict
    if verdict.failure_count == 0 and not verdict.passed_over:
        cleared = _last_cleared(verdict, snapshot)
        if cleared:
            return tr("No failure since {check}.").format(check=cleared)
        return tr("No failure in the log that was read.")
    since = _last_cleared(verdict, snapshot) or _first_failure(verdict, snapshot)
    count, most = verdict.failure_count, snapshot.settings.max_failures
    words = tr("{n} of {most} failures since {since}") if count <= most else tr("{n} failures since {since}")
    line = words.format(n=number(count), most=number(most), since=since or tr("the log begins"))
    error = _telling_error(verdict, text)
    line = (tr("{sentence}: {error}") if error else tr("{sentence}.")).format(sentence=line, error=error)
    if verdict.passed_over:
        return tr("The gateway gives this key no calls any more, as it does with invalid keys.") + "\n" + line
    return line


def _first_failure(verdict: "Verdict", snapshot: "Snapshot") -> str:
    """Return when the first failure that counts was seen; a dead key may have failed long before the log is read."""
    if verdict.since is None:
        return ""
    settings = snapshot.settings
    seen = moment(verdict.since, snapshot)
    is_at_the_edge = verdict.since < snapshot.as_of - settings.history + 2 * settings.check_interval
    return tr("{time} or before").format(time=seen) if is_at_the_edge else seen


def _last_cleared(verdict: "Verdict", snapshot: "Snapshot") -> str:
    """Return what set the failure count to 0 last, in words; nothing where the log does not show it."""
    passed, reset = verdict.last_passed_check, verdict.assumed_reset_at
    if reset is not None and (passed is None or reset > passed):
        return tr("the reset or restart before {time}").format(time=moment(reset, snapshot))
    return tr("the last passed check at {time}").format(time=moment(passed, snapshot)) if passed else ""


def _reason(figures: "KeyFigures", snapshot: "Snapshot") -> str:
    """Return the reason with the call that says so; empty where there is nothing to explain."""
    reason, row = shown_reason(figures, snapshot), figures.verdict.told_by
    if reason is None or row is None:
        return ""
    return tr("{word} by the call to {model} at {time}").format(
        word=reason_word(reason).capitalize(), model=shown_model(row.model), time=moment(row.started_at, snapshot)
    )


def _telling_error(verdict: "Verdict", text: str | None) -> str:
    if verdict.told_by is None:
        return ""
    status = status_name(verdict.told_by.status)
    if text is None or isinstance(verdict.told_by.status, str):
        return status
    from keymon.error_log import reason

    return f"{status} {foreign(reason(text), 300)}".strip()


def status_name(status: int | str | None) -> str:
    """Return a status as it is shown; NULL and text of a network error are told in words."""
    if status is None:
        return tr("no status")
    return str(status) if isinstance(status, int) else foreign(status, 60) or tr("network error")
