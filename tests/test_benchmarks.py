"""The suite behind `make bench`: that it makes what it measures, and tells what it found. No time is asserted."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keymon.locations import location_of
from keymon.monitor import Monitor
from tests.benchmarks import machine, report, usage_cold
from tests.benchmarks.course import Course
from tests.benchmarks.gateways import Gateways, Wanted
from tests.benchmarks.measurement import Kind, Measurement, from_json, in_turn
from tests.benchmarks.writer import write
from tests.benchmarks.writer_disturbed import missing_rows

MARKED = "# Page\n\n<!-- figures: make bench -->\nold\n<!-- end of figures -->\n\nAfter.\n"


def measured(kind: Kind, keymon: float, baseline: float | None, bar: float | None) -> Measurement:
    return Measurement("name", "what", "that", "ms", kind, (keymon,), () if baseline is None else (baseline,), bar)


def test_generated_calls_are_spread_over_the_days_up_to_the_given_instant(tmp_path: Path) -> None:
    gateway = Gateways(tmp_path).get(Wanted(1_000, 2.0))
    monitor = Monitor(location_of(gateway.path), UTC, now=gateway.stopped_clock)
    snapshot = monitor.refresh()
    monitor.close()
    assert snapshot.calls_24h is not None
    assert 495 <= snapshot.calls_24h.total <= 505
    assert len(snapshot.keys) == 1_000
    assert sum(figures.calls_24h.total for figures in snapshot.keys) == snapshot.calls_24h.total


def test_a_kept_database_is_used_again_with_a_clock_of_its_own(tmp_path: Path) -> None:
    made = Gateways(tmp_path).get(Wanted(1_000))
    found = Gateways(tmp_path).get(Wanted(1_000))
    assert found == made
    assert abs(found.clock()() - made.made_at) < timedelta(seconds=60)


def test_a_database_of_yesterday_is_made_anew(tmp_path: Path) -> None:
    made = Gateways(tmp_path).get(Wanted(10))
    long_ago = {"made_at": (made.made_at - timedelta(days=1)).isoformat()}
    made.path.with_suffix(".json").write_text(json.dumps(long_ago))
    assert Gateways(tmp_path).get(Wanted(10)).made_at > made.made_at


def test_usage_is_compared_with_the_gateways_own_answer(tmp_path: Path) -> None:
    # So many calls that each key has some within 24 hours.
    course = Course("tiny", 90_000, Gateways(tmp_path), rounds=1)
    rows = usage_cold.measure(course)
    assert [row.name for row in rows] == ["usage_cold", "usage_reader"]
    assert all(row.result and len(row.keymon_values) == 2 for row in rows)
    with pytest.raises(AssertionError, match="different answers"):
        usage_cold.mean_of_few(lambda: {"gemini-2.5-flash": 1}, {"gemini-2.5-flash": 2})()


def test_lost_rows_are_found_by_their_numbers(tmp_path: Path) -> None:
    path = Gateways(tmp_path).get(Wanted(10)).path
    written = write(str(path), 1_000, 0.02)
    assert (len(written.latencies_ms), written.lost) == (20, 0)
    assert missing_rows(path, 10, 20) == 0
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM t_request_log WHERE id IN (12, 30)")
    assert missing_rows(path, 10, 20) == 2


def test_sides_are_measured_in_turn() -> None:
    order: list[str] = []

    def side(name: str, value: float) -> float:
        order.append(name)
        return value

    values = in_turn(2, lambda: side("A", 1.0), lambda: side("B", 2.0))
    assert values == ((1.0,) * 4, (2.0,) * 4)
    assert "".join(order) == "ABBAABBA"


@pytest.mark.parametrize(
    ("measurement", "result", "reached"),
    [
        (measured(Kind.FASTER, 10, 700, 60), 70, True),
        (measured(Kind.FASTER, 10, 500, 60), 50, False),
        (measured(Kind.RATIO, 13, 10, 1.3), 1.3, True),
        (measured(Kind.RATIO, 14, 10, 1.3), 1.4, False),
        (measured(Kind.ADDED, 90, 50, 50), 40, True),
        (measured(Kind.VALUE, 1, None, 0), 1, False),
        (measured(Kind.RATIO, 14, 10, None), 1.4, None),
        (measured(Kind.RATIO, 14, 0, 1.3), None, None),
    ],
)
def test_what_a_bar_is_held_against(measurement: Measurement, result: float | None, reached: bool | None) -> None:
    assert measurement.result == result
    assert measurement.reached is reached


def test_a_run_as_table_json_and_page(tmp_path: Path) -> None:
    rows = [
        measured(Kind.FASTER, 10, 700, 60),
        measured(Kind.RATIO, 14, 10, 1.3),
        Measurement("server", "what", "that", "ms", Kind.FASTER, bar=40, note="there is none"),
    ]
    text = report.table(rows)
    assert "70.0x faster   >= 60x       reached" in text
    assert "MISSED" in text
    assert "server: there is none" in text

    result = tmp_path / "bench.json"
    result.write_text(report.as_json("10m", "2026-11-24 12:00 UTC", machine.description(tmp_path), rows))
    assert [from_json(row) for row in json.loads(result.read_text())["measurements"]] == rows
    assert str(tmp_path) not in result.read_text()

    page = tmp_path / "page.md"
    page.write_text(MARKED)
    for _ in range(2):  # a filled page can be filled again
        report.fill_page_file(page, [result, result])
        assert page.read_text().count("### 10 million rows") == 2
    assert "| name: what | 700 ms | 10 ms | 70.0x faster | >= 60x | reached |" in page.read_text()
    assert "old" not in page.read_text()
    assert page.read_text().endswith("\n\nAfter.\n")


def test_a_page_without_markers_is_left_alone() -> None:
    with pytest.raises(ValueError, match="markers"):
        report.fill_page("# Page\n", [])


def test_the_page_on_performance_can_be_filled() -> None:
    page = Path(__file__).parents[1] / "docs" / "performance.md"
    assert report.fill_page(page.read_text(encoding="utf-8"), [])


def test_the_clock_of_a_gateway_goes_on(tmp_path: Path) -> None:
    clock = Gateways(tmp_path).get(Wanted(1)).clock()
    first = clock()
    assert first.tzinfo is UTC
    assert first <= clock() < datetime.now(UTC) + timedelta(seconds=1)
