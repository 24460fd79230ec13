"""The command line: commands, options, and the one place where errors become exit codes.

Qt is imported only by the commands that draw, so that the text commands run over ssh on a machine without
Qt's system libraries. Errors are one line on standard error, with nothing on standard output.
"""

import argparse
import atexit
import gc
import io
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NoReturn

from keymon import errors
from keymon.display import check_window_libraries, has_display, qt_errors
from keymon.gateway_options import (
    add_gateway_options,
    instant,
    is_named,
    located,
    monitored,
    named,
    place,
    title,
    what,
    zone,
)
from keymon.masking import foreign, mask_key, visible
from keymon.private_memory import forbid_core_dumps

if TYPE_CHECKING:
    from keymon.connection_check import Finding
    from keymon.monitor import Snapshot

PROGRAM = "keymon"
_PICTURED = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
"""The instant at which pictures of the sample gateway are taken."""

_KEY_HELP = "a full key, an ending that one key has, a key as it is shown masked, or - for standard input"
_STATUS_HELP = "a whole number, null for none, or a text that stands in its place"
_MOST_LISTED = 1_000_000
_LONGEST_WORD = 12
"""What is longer, and not understood, may be a key."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run keymon with `arguments` (those of the process by default) and return its exit code."""
    _keep_secrets()
    if sys.stdin is None:
        sys.stdin = io.StringIO()
    if sys.stdout is None or sys.stderr is None:
        from keymon import no_console

        return no_console.run(main, arguments)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    _Parser.typed = sys.argv[1:] if arguments is None else arguments
    try:
        options = _parsed(arguments)
        command: Callable[[argparse.Namespace], int] = options.run
        return command(options)
    except errors.KeymonError as error:
        _tell(error)
        return error.exit_code
    except ModuleNotFoundError as error:
        incomplete = errors.InstallationError(module=visible(str(error.name)))
        _tell(incomplete)
        return incomplete.exit_code
    except BrokenPipeError:
        # The reader of our output (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - a fault of our own; what it says may hold anything
        from keymon import faults, log

        print(faults.note_last(error), file=sys.stderr)
        log.end()
        return 1


def _keep_secrets() -> None:
    """Let no core file be written, and no child inherit the password that is in the environment."""
    forbid_core_dumps()
    if "KEYMON_PASSWORD" in os.environ:
        from keymon.secret_variables import PASSWORD_VARIABLE, take

        take(PASSWORD_VARIABLE)


def _tell(message: errors.KeymonError, prefix: str = "") -> None:
    """Print a message and the way out of it as one line on standard error."""
    with suppress(OSError):  # the exit code still tells
        print(f"{PROGRAM}: {prefix}{message.line}", file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    typed: ClassVar[Sequence[str]] = ()

    def error(self, message: str) -> NoReturn:
        # What was typed in the wrong place may be a key, of whatever form.
        for typed in self.typed:
            word = typed.partition("=")[2] if typed.startswith("--") else typed
            if len(word) > _LONGEST_WORD:
                message = message.replace(word, mask_key(word)).replace(repr(word)[1:-1], mask_key(word))
        self.exit(errors.UsageError.exit_code, f"{PROGRAM}: {foreign(message)} (see '{self.prog} --help')\n")


class _Version(argparse.Action):
    """Finds the versions out only when they are asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from keymon.versions import versions

        _print(f"{versions()}\n")
        parser.exit()


class _NoWindowError(Exception):
    """What was typed does more than open the window, or is wrong."""


class _WindowParser(argparse.ArgumentParser):
    """Knows the options of the window and no commands, which take several times as long to be declared."""

    def error(self, _message: str) -> NoReturn:
        raise _NoWindowError


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    window = _WindowParser(PROGRAM, add_help=False)
    _add_window_options(window)
    with suppress(_NoWindowError):
        return window.parse_args(arguments)
    return _parser().parse_args(arguments)


def _add_window_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--version", action=_Version, nargs=0, help="print the versions of keymon and its libraries")
    window = parser.add_argument_group("the window")
    window.add_argument("--new-window", action="store_true", help="open another where one on the same gateway is open")
    add_gateway_options(parser, None)
    parser.set_defaults(run=_run_window)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        PROGRAM,
        description="Monitor for the API keys of a gemini-balance gateway. Without a command it opens the window."
        " The gateway's database is only ever read.",
        epilog="Exit codes: 0 done, 2 wrong usage, 3 database out of reach or unreadable, 4 not a gateway's database.",
    )
    _add_window_options(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)

    def add(
        name: str, run: Callable[[argparse.Namespace], int], text: str, about_gateway: bool = True
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if about_gateway:
            add_gateway_options(command, argparse.SUPPRESS)
        command.set_defaults(run=run)
        return command

    keys = add("keys", _run_keys, "list the key pool with verdicts and figures")
    keys.add_argument("--status", choices=("valid", "invalid", "all"), default="all", help="which keys")
    _add_format_options(keys, csv=True)
    keys.add_argument("--show-keys", action="store_true", help="print keys in full, not masked")
    usage = add("usage", _run_usage, "show the calls per model of one key in the last 24 hours")
    usage.add_argument("key", metavar="KEY", help=_KEY_HELP)
    _add_format_options(usage, csv=False)
    stats = add("stats", _run_stats, "show the calls of all keys in 1 minute, 1 hour, 24 hours and this month")
    _add_format_options(stats, csv=False)
    calls = add("calls", _run_calls, "list single calls, newest first")
    calls.add_argument("--key", metavar="KEY", help=_KEY_HELP)
    calls.add_argument("--model", help="a model's name; none for calls that have none")
    calls.add_argument("--status", help=_STATUS_HELP)
    calls.add_argument("--failures", action="store_true", help="only failed calls")
    calls.add_argument("--period", choices=("1h", "8h", "24h"), default="24h")
    _add_list_options(calls, 100)
    logged = add("errors", _run_errors, "list what was logged for failed calls, newest first")
    logged.add_argument("--key", metavar="KEY", help=_KEY_HELP)
    logged.add_argument("--text", help="what the text contains, upper case or lower")
    logged.add_argument("--code", help=_STATUS_HELP)
    logged.add_argument("--model", help="a model's name; none for errors that have none")
    logged.add_argument(
        "--since",
        default="24h",
        metavar="ISO-8601|AGE",
        help="from then on: a time, an age such as 30m, 24h, 7d, or all",
    )
    logged.add_argument(
        "--full", action="store_true", help="print the whole texts, as far as 20,000 characters of each"
    )
    _add_list_options(logged, 100)
    attention = add("attention", _run_attention, "list the keys with most calls of one status in the last 24 hours")
    attention.add_argument("--status", default="429", help=_STATUS_HELP)
    _add_list_options(attention, 20)
    check = add("check", _run_check, "try the connection to a gateway, stage by stage")
    check.epilog = "Ends with 0 where all stages are passed, else with the exit code of what failed."
    profiles = add("profiles", _run_profiles, "list the profiles", about_gateway=False)
    _add_format_options(profiles, csv=False)

    demo = commands.add_parser(
        "demo",
        help="write the sample gateway into an empty MySQL or MariaDB database",
        description="Write the sample gateway into a MySQL or MariaDB database of your own that holds no table. This"
        " is the only command that writes to a database. 'keymon --demo' needs none: it makes a file of its own.",
    )
    demo.add_argument("--mysql", required=True, metavar="URL", help="mysql://user@host:port/database")
    demo.add_argument("--living", action="store_true", help="go on writing calls, as a gateway does, until Ctrl+C")
    demo.set_defaults(run=_run_demo)
    screenshot = add("screenshot", _run_screenshot, "draw the main window and the busiest key's details to PNG")
    screenshot.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the images")
    screenshot.add_argument("--theme", choices=("light", "dark"), default="light")
    entry = add("desktop-entry", _run_desktop_entry, "put keymon into the menus of the desktop, or take it out", False)
    entry.add_argument("action", choices=("install", "remove"))
    completion = add("completion", _run_completion, "print a script that completes commands and options", False)
    completion.add_argument("shell", choices=("bash", "zsh", "fish", "tcsh"))
    completion.epilog = "For bash: keymon completion bash > ~/.local/share/bash-completion/completions/keymon"
    self_test = add("self-test", _run_self_test, "try each part of keymon once, and tell whether all of it works here")
    self_test.add_argument("--out", type=Path, metavar="DIR", help="folder for pictures and the report")
    self_test.add_argument("--json", action="store_true", help="print JSON")
    self_test.epilog = "Tries the sample gateway and, where one is named, another. Ends with 1 if a part fails."
    return parser


def _add_format_options(parser: argparse.ArgumentParser, csv: bool) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--json", action="store_true", help="print JSON")
    if csv:
        group.add_argument("--csv", action="store_true", help="print CSV")


def _add_list_options(parser: argparse.ArgumentParser, limit: int) -> None:
    parser.add_argument("--limit", type=_count, default=limit, metavar="N", help=f"at most as many, {limit} by default")
    _add_format_options(parser, csv=True)
    parser.add_argument("--show-keys", action="store_true", help="print keys in full, not masked")


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= _MOST_LISTED:
        raise argparse.ArgumentTypeError(f"{text}: not a whole number from 1 to {_MOST_LISTED:,}")
    return number


def _snapshot(options: argparse.Namespace, month: bool = False) -> "Snapshot":
    from keymon.console import Progress, patiently

    with monitored(options, month) as monitor:
        return patiently(lambda: monitor.refresh(progress=Progress()))


def _run_keys(options: argparse.Namespace) -> int:
    snapshot = _snapshot(options)
    from keymon import report

    keys = [k for k in snapshot.keys if options.status in {"all", report.status_word(k)}]
    if options.json:
        text = report.keys_json(snapshot, keys, options.show_keys)
    elif options.csv:
        text = report.keys_csv(keys, options.show_keys)
    else:
        text = report.keys_table(snapshot, keys, options.show_keys)
    return _print(text, snapshot.notices)


def _run_usage(options: argparse.Namespace) -> int:
    wanted = sys.stdin.readline().strip() if options.key == "-" else options.key
    from keymon import report
    from keymon.console import patiently

    with monitored(options, month=False) as monitor:
        found = patiently(lambda: monitor.usage(wanted))

    text = report.usage_json(found.usage) if options.json else report.usage_table(found.usage)
    return _print(text, found.notices)


def _run_stats(options: argparse.Namespace) -> int:
    snapshot = _snapshot(options, month=True)
    from keymon import report

    text = report.stats_json(snapshot) if options.json else report.stats_table(snapshot)
    return _print(text, snapshot.notices)


def _run_calls(options: argparse.Namespace) -> int:
    snapshot = _snapshot(options)
    from keymon import cli_calls

    return _print(cli_calls.calls_text(snapshot, options), snapshot.notices)


def _run_attention(options: argparse.Namespace) -> int:
    snapshot = _snapshot(options)
    from keymon import cli_calls

    return _print(cli_calls.attention_text(snapshot, options), snapshot.notices)


def _run_errors(options: argparse.Namespace) -> int:
    with monitored(options, month=False) as monitor:
        from keymon import cli_errors
        from keymon.console import patiently

        settings, notices = patiently(monitor.about)
        text = cli_errors.errors_text(monitor, settings, options)
    return _print(text, notices)


def _run_profiles(options: argparse.Namespace) -> int:
    from keymon.config import ProfileStore
    from keymon.connection_report import profiles_json, profiles_table

    store = ProfileStore()
    profiles = store.load()
    return _print(profiles_json(profiles) if options.json else profiles_table(profiles, store.path))


def _run_check(options: argparse.Namespace) -> int:
    from keymon.connection_check import ConnectionCheck
    from keymon.connection_report import finding_line

    failed: list[errors.KeymonError] = []
    unprinted: list[errors.OutputError] = []

    def tell(finding: "Finding") -> None:
        try:
            _print(finding_line(finding))
        except errors.OutputError as error:  # of this the gateway is innocent
            unprinted.append(error)
        if finding.outcome == "failed":
            failed.append(finding.message)

    with located(options) as (gateway, location):
        ConnectionCheck(location, tell, zone(options, gateway)).run()
    if unprinted:
        raise unprinted[0]
    return failed[0].exit_code if failed else 0


def _run_demo(options: argparse.Namespace) -> int:
    from keymon.demo_server import opened
    from keymon.locations import ServerLocation, server_location

    server_location(options.mysql)  # a file is no server
    location = place(options.mysql)
    assert isinstance(location, ServerLocation)  # noqa: S101 - that has just been seen
    with opened(location) as demo:
        gateway = demo.create(datetime.now(UTC))
        # A call that is logged as it ends: that is what gives a gateway's zone away.
        demo.live(gateway, calls=1)
        _print(
            f"The sample gateway is in {location.shown}: {demo.written.calls:,} calls and"
            f" {demo.written.errors:,} texts of errors.\nLook at it: {PROGRAM} --db {shlex.quote(location.text())}\n"
        )
        if options.living:
            _print("It goes on calling until Ctrl+C.\n")
            with suppress(KeyboardInterrupt):
                demo.live(gateway)
            _print(f"Ended after {demo.written.calls:,} calls.\n")
    return 0


def _print(text: str, notices: Sequence[errors.Notice] = ()) -> int:
    """Print a result, and on standard error what is to be known about the gateway it comes from."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # Nothing more can be written there, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise errors.OutputError(path="standard output", reason=error.strerror) from None
    for notice in notices:
        _tell(notice, "note: ")
    return 0


def _run_window(options: argparse.Namespace) -> int:
    if not has_display():
        return _demo_without_display() if options.demo else _no_display()
    from keymon import crashes

    # Qt tidies up at exit, too, which may go wrong.
    atexit.register(crashes.CrashFile(crashes.log_folder()).close)
    # Nothing that is made until the window is seen is garbage, and looking for some would take time.
    gc.disable()
    with qt_errors():
        check_window_libraries()
        from keymon.gui import app
    about = None if options.new_window or options.demo else what(options)
    if not is_named(options):
        return app.run_window(None, as_of=instant(options), about=about)
    gateway = named(options, living=True) if options.profile is not None else None  # a wrong name is told at once
    naming = (lambda: gateway) if gateway is not None else (lambda: named(options, living=True))
    return app.run_window(naming, title(options), options.gateway_tz, instant(options), about)


def _run_screenshot(options: argparse.Namespace) -> int:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with qt_errors():
        from keymon.gui import pictures
    if options.demo and options.as_of is None:
        options.as_of = _PICTURED.isoformat()  # the same picture every time
    with monitored(options, month=True, now=_PICTURED) as monitor:
        paths = pictures.render(monitor, title(options), options.out, options.theme)
    return _print("".join(f"{path}\n" for path in paths))


def _run_desktop_entry(options: argparse.Namespace) -> int:
    from keymon import desktop_entry

    if options.action == "install":
        files = desktop_entry.install(desktop_entry.this_program())
    else:
        files = desktop_entry.remove()
    return _print("".join(f"{file}\n" for file in files))


def _run_completion(options: argparse.Namespace) -> int:
    from keymon.completion import script

    return _print(script(_parser(), options.shell))


def _run_self_test(options: argparse.Namespace) -> int:
    if not has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with qt_errors():
        check_window_libraries()
        from keymon.gui import self_test
        from keymon.tables import json_text
    if options.out is not None:
        with output_errors(options.out):
            options.out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        open_monitor = (lambda: stack.enter_context(monitored(options, month=False))) if is_named(options) else None
        report = self_test.run(open_monitor, options.out)
    text = json_text(report.as_data())
    if options.out is not None:
        from keymon.export import output_file

        with output_file(options.out / "report.json") as file:
            file.write(text.encode())
    _print(text if options.json else report.as_text())
    return 0 if report.passed else 1


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Raise `OutputError` where `path` cannot be written to."""
    try:
        yield
    except OSError as error:
        raise errors.OutputError(path=visible(str(path)), reason=error.strerror) from None


def _demo_without_display() -> int:
    """Show the sample gateway as far as that goes without a screen."""
    _print("There is no display to open a window on. Instead, the sample gateway as pictures and as a table:\n\n")
    for theme in ("light", "dark"):
        main(["screenshot", "--demo", "--out", "demo-screenshots", "--theme", theme])
    _print("\n")
    return main(["keys", "--demo"])


def _no_display() -> NoReturn:
    raise errors.NoDisplayError
