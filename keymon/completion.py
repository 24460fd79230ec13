"""Scripts by which shells complete keymon's commands, options and files."""

import argparse

import shtab

_FILES = {"URL|PATH": shtab.FILE, "FILE": shtab.FILE, "DIR": shtab.DIRECTORY}
"""What is completed where an option's value is called so."""


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return the script for a `shell` that shtab knows, which completes what `parser` understands."""
    _mark_files(parser)
    return shtab.complete(parser, shell) + "\n"


def _mark_files(parser: argparse.ArgumentParser) -> None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _mark_files(command)
        elif isinstance(action.metavar, str) and action.metavar in _FILES:
            action.complete = _FILES[action.metavar]  # type: ignore[attr-defined]
