"""What is said of the quality of a gateway's data, and what to do about it."""

from datetime import timedelta
from typing import TYPE_CHECKING

from keymon.data_quality import TEXT_LIMIT
from keymon.gui.moments import moment, span
from keymon.gui.translation import number, percent, tr
from keymon.masking import mask_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from keymon.data_quality import Check, Quality, State
    from keymon.monitor import Snapshot

_MOST_NAMED = 3


def title(check: "Check") -> str:
    """Return what a check is about, in a word or two."""
    titles = {
        "statuses": tr("Status codes"),
        "outside": tr("Keys outside the pool"),
        "duplicates": tr("Duplicates in the pool"),
        "clock": tr("Clocks"),
        "room": tr("Room for keys"),
        "age": tr("Oldest call"),
        "times": tr("Times"),
    }
    return titles[check]


def state_word(state: "State") -> str:
    """Return a state in a word."""
    return {"fine": tr("fine"), "noted": tr("noted"), "unknown": tr("unknown")}[state]


def sentence(check: "Check", found: "Quality", snapshot: "Snapshot") -> str:
    """Return in a sentence or two what is so."""
    if check == "age":
        return _age(found, snapshot)
    sentences: dict[Check, Callable[[Quality], str]] = {
        "statuses": _statuses,
        "outside": _outside,
        "duplicates": _duplicates,
        "clock": _clock,
        "room": _room,
        "times": _times,
    }
    return sentences[check](found)


def advice(check: "Check", found: "Quality") -> str:
    """Return what to do about what is noted."""
    texts = {
        "statuses": tr(
            "They are counted as failures here; the gateway's own totals leave rows without a status out. Text is what "
            "it stores of a network error: look at its connection to Google."
        ),
        "outside": tr("Keys that were taken out of the pool: their calls are in the totals, but in no table of keys."),
        "duplicates": tr("Each key is shown and judged once here. Remove the repetitions in the gateway's settings."),
        "clock": tr("Synchronise both clocks (NTP), or set the gateway's time zone with Ctrl+T."),
        "room": tr("MySQL cuts longer lists off, or refuses them. Make the column value of t_settings MEDIUMTEXT."),
        "age": tr("Let the gateway delete old calls: it looks through the whole log for each of its own statistics."),
        "times": tr("They are in no figure, as the gateway leaves them out, too. Look who else writes to its log."),
    }
    if check == "room" and found.is_cut_off:
        return tr("Keys at its end are lost. Make the column value of t_settings MEDIUMTEXT and add them again.")
    return texts[check]


def _statuses(found: "Quality") -> str:
    odd = found.null_statuses + found.text_statuses
    if not found.calls:
        return tr("No calls in the last 24 hours.")
    if not odd:
        return tr("All calls of the last 24 hours have a number as their status.")
    return tr("In the last 24 hours {null} calls have no status and {text} have text in its place ({share}).").format(
        null=number(found.null_statuses), text=number(found.text_statuses), share=percent(odd / found.calls)
    )


def _outside(found: "Quality") -> str:
    outside = found.outside
    if not outside.calls:
        return tr("All calls of the last 24 hours are of keys in the pool.")
    text = tr("In the last 24 hours {calls} calls are not of the pool: keys no longer in it: {keys}").format(
        calls=number(outside.calls), keys=number(outside.keys)
    )
    if outside.keyless:
        return tr("{text}; calls that name no key: {n}.").format(text=text, n=number(outside.keyless))
    return text + "."


def _duplicates(found: "Quality") -> str:
    if not found.spare_entries:
        return tr("No key is listed twice.")
    named = [mask_key(key) for key in found.duplicates[:_MOST_NAMED]]
    if len(found.duplicates) > _MOST_NAMED:
        named.append("…")
    return tr("Keys that are listed more than once: {keys}, repetitions: {n} ({names}).").format(
        keys=number(len(found.duplicates)), n=number(found.spare_entries), names=", ".join(named)
    )


def _clock(found: "Quality") -> str:
    ahead = found.clock_ahead
    if ahead is None:
        return tr("It shows by calls that arrive while keymon watches: a few are needed.")
    length = span(abs(ahead))
    if found.states["clock"] == "fine":
        return tr("The gateway's clock and this computer's agree.")
    if ahead > timedelta(0):
        return tr("The gateway's clock is {span} ahead of this computer's.").format(span=length)
    return tr("The gateway's clock is {span} behind this computer's.").format(span=length)


def _room(found: "Quality") -> str:
    size = found.list_bytes
    if size is None:
        return tr("A file sets no limit to the list of keys.")
    if found.is_cut_off:
        return tr(
            "A list of keys is exactly {limit} bytes long, the most that MySQL's TEXT holds: it was cut off."
        ).format(limit=number(TEXT_LIMIT))
    if size > TEXT_LIMIT:
        return tr("The longest list of keys takes {size} bytes, in a column that was made wider.").format(
            size=number(size)
        )
    return tr("The longest list of keys takes {size} of {limit} bytes ({share}).").format(
        size=number(size), limit=number(TEXT_LIMIT), share=percent(size / TEXT_LIMIT)
    )


def _age(found: "Quality", snapshot: "Snapshot") -> str:
    oldest = snapshot.surroundings.oldest
    if found.age is None or oldest is None:
        return tr("Not looked for yet, or there is none with a time that can be read.")
    return tr("The log begins {span} ago, on {date}.").format(
        span=span(max(found.age, timedelta(0))), date=moment(oldest, snapshot)
    )


def _times(found: "Quality") -> str:
    if not found.without_time:
        return tr("All calls that were read have a time.")
    return tr("Calls without a time, or with one that cannot be read: {n}.").format(n=number(found.without_time))
