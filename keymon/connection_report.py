"""Profiles, and what trying a connection finds, as text."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from keymon.config import Profile
from keymon.masking import mask_url, visible
from keymon.stages import NAMES
from keymon.tables import json_text, table

if TYPE_CHECKING:
    from keymon.connection_check import Finding


def profiles_json(profiles: Sequence[Profile]) -> str:
    """Return the profiles as JSON, in their order; `gateway_tz` is null where it is detected."""
    return json_text({"schema": 1, "profiles": [_profile_fields(profile) for profile in profiles]})


def profiles_table(profiles: Sequence[Profile], path: Path) -> str:
    """Return the profiles as a table for a terminal; `path` is the file that they are in."""
    if not profiles:
        return f"There is no profile yet: connect to a gateway in the window, or write {visible(str(path), 400)}.\n"
    rows = [
        (
            profile.name,
            mask_url(profile.database),
            profile.gateway_tz or "detected",
            f"{profile.refresh_s} s",
            _password_source(profile),
        )
        for profile in profiles
    ]
    return table(("NAME", "DATABASE", "TIME ZONE", "REFRESH", "PASSWORD"), rows, right={3})


def _profile_fields(profile: Profile) -> dict[str, object]:
    return {
        "name": profile.name,
        "database": mask_url(profile.database),
        "colour": profile.colour,
        "gateway_tz": profile.gateway_tz or None,
        "refresh_s": profile.refresh_s,
        "password": _password_source(profile) or None,
    }


def _password_source(profile: Profile) -> str:
    """Return where the password comes from; empty for a file, which has none."""
    if "://" not in profile.database or profile.database.startswith("sqlite"):
        return ""
    if profile.password_env:
        return f"variable {visible(profile.password_env, 60)}"
    if profile.password_command:
        return f"command {visible(profile.password_command[0], 60)}"
    return "asked for" if profile.password_ask else "keyring, or asked for"


_MARKS = {"passed": "ok", "noted": "note", "failed": "FAILED"}


def finding_line(finding: "Finding") -> str:
    """Return what came out of a stage of a connection as one line."""
    advice = f" {finding.message.advice}" if finding.message.advice else ""
    text = str(finding.message)
    full_stop = "" if text.endswith(".") else "."
    return f"{NAMES[finding.stage]:17} {_MARKS[finding.outcome]:7} {text}{full_stop}{advice}\n"
