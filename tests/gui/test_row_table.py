"""Tables of very many rows, and boxes to choose from."""

import pytest
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from keymon.gui import choices
from keymon.gui.choices import ChoiceBox
from keymon.gui.row_table import RowColumn, RowModel, RowTable
from keymon.monitor import Snapshot
from tests.gui.conftest import Bench


class Counting:
    """A million rows that count how many of them are looked at."""

    def __init__(self) -> None:
        self.looked_at: set[int] = set()

    def __len__(self) -> int:
        return 1_000_000

    def __getitem__(self, place: int, /) -> str:
        self.looked_at.add(place)
        return f"row {place}"


def text(row: object, _snapshot: Snapshot) -> str:
    return str(row)


COLUMNS = (RowColumn("Row", "", text), RowColumn("Again", "row 999999", text, is_number=True))


@pytest.fixture
def snapshot(bench: Bench) -> Snapshot:
    return bench.follow(bench.gateway())


def test_of_a_million_rows_only_those_are_looked_at_that_are_seen(qtbot: QtBot, snapshot: Snapshot) -> None:
    table, rows = RowTable("rows", "Rows", COLUMNS), Counting()
    qtbot.addWidget(table)
    table.resize(400, 300)
    table.show()
    qtbot.waitExposed(table)
    table.content.set_rows(rows, snapshot)
    table.scrollToBottom()
    table.grab()
    assert 999_999 in rows.looked_at
    table.scrollToTop()
    table.selectAll()
    table.grab()
    assert len(rows.looked_at) < 100
    assert table.is_held


def test_rows_that_are_added_leave_the_others_where_they_are(qtbot: QtBot, snapshot: Snapshot) -> None:
    model = RowModel(COLUMNS)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.set_rows(["a", "b"], snapshot)
    with qtbot.waitSignal(model.rowsInserted) as inserted:
        model.grow(["a", "b", "c", "d"])
    assert inserted.args is not None
    assert inserted.args[1:] == [2, 3]
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == ["a", "b", "c", "d"]
    with qtbot.assertNotEmitted(model.rowsInserted):
        model.grow(["a", "b", "c", "d"])


def test_only_what_is_copied_is_told(qtbot: QtBot, snapshot: Snapshot) -> None:
    table = RowTable("rows", "Rows", COLUMNS)
    qtbot.addWidget(table)
    table.content.set_rows(Counting(), snapshot)
    with qtbot.assertNotEmitted(table.text_copied):
        table._copy()
    table.selectRow(7)
    with qtbot.waitSignal(table.text_copied) as copied:
        table._copy()
    assert copied.args == ["Row\tAgain\nrow 7\trow 7"]


def test_what_is_chosen_stays_so_when_other_values_are_offered(qtbot: QtBot) -> None:
    box = ChoiceBox("Status", "All statuses")
    qtbot.addWidget(box)
    assert [box.choice] == [None]
    box.offer(choices.statuses([503, None, 200, "refused"]))
    assert [box.itemText(i) for i in range(box.count())] == ["All statuses", "200", "503", "no status", "refused"]
    with qtbot.waitSignal(box.chosen):
        box.choose((None,))
    with qtbot.assertNotEmitted(box.chosen):
        box.offer(choices.statuses([200]))
    assert box.choice == (None,)
    assert box.currentText() == "no status"
    box.choose(None)
    assert box.choice is None


def test_models_are_offered_by_name_and_no_more_than_can_be_read(qtbot: QtBot) -> None:
    assert choices.models(["b", None, "a", "", "b"]) == [("", "(empty)"), ("a", "a"), ("b", "b"), (None, "(unknown)")]
    box = ChoiceBox("Model", "All models")
    qtbot.addWidget(box)
    box.offer(choices.models([f"model {n}" for n in range(9_000)]))
    assert box.count() == choices.MOST_CHOICES + 1
