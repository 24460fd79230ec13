"""Tables of very many rows, and boxes to choose from."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from keymon.gui import choices
from keymon.gui.choices import ChoiceBox
from keymon.gui.row_model import RowColumn, by
from keymon.gui.row_table import RowTable
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


COLUMNS = (RowColumn("Row", "A row", "", text), RowColumn("Again", "", "row 999999", text, is_number=True))


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


SORTED = (
    RowColumn("Word", "A word", "", text, arrange=by(lambda row, _: row)),
    RowColumn("Length", "How long it is", "99", text, arrange=by(lambda row, _: len(row) or None), is_number=True),
    RowColumn("Plain", "By this nothing is sorted", "99", text),
)


@pytest.fixture
def words(qtbot: QtBot, snapshot: Snapshot) -> RowTable:
    table = RowTable("words", "Words", SORTED, same=str)
    QAbstractItemModelTester(table.content, QAbstractItemModelTester.FailureReportingMode.Fatal, table)
    qtbot.addWidget(table)
    table.resize(400, 300)
    table.show()
    qtbot.waitExposed(table)
    table.show_rows(["pear", "fig", "", "kiwi", "apple"], snapshot)
    return table


def shown(table: RowTable) -> list[str]:
    return [str(table.content.index(row, 0).data()) for row in range(table.content.rowCount())]


def click_title(table: RowTable, column: int) -> None:
    header = table.horizontalHeader()
    place = QPoint(header.sectionViewportPosition(column) + 8, header.height() // 2)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_clicks_on_a_title_sort_up_down_and_not_at_all(words: RowTable) -> None:
    header = words.horizontalHeader()
    natural = ["pear", "fig", "", "kiwi", "apple"]
    for column, first, second in (
        (0, ["", "apple", "fig", "kiwi", "pear"], ["pear", "kiwi", "fig", "apple", ""]),
        # Numbers begin with the greatest; equal ones stay as they were, and without a value they are last.
        (1, ["apple", "pear", "kiwi", "fig", ""], ["fig", "pear", "kiwi", "apple", ""]),
    ):
        for expected in (first, second, natural):
            click_title(words, column)
            assert shown(words) == expected
            assert header.isSortIndicatorShown()
            assert header.sortIndicatorSection() == (-1 if expected is natural else column)
    assert not words.selectionModel().hasSelection()


def test_a_column_that_cannot_be_sorted_by_leaves_the_order(words: RowTable) -> None:
    click_title(words, 0)
    click_title(words, 2)
    assert shown(words) == ["", "apple", "fig", "kiwi", "pear"]
    assert words.horizontalHeader().sortIndicatorSection() == 0


def test_titles_tell_what_they_mean_and_how_they_sort(words: RowTable) -> None:
    def told(column: int, role: Qt.ItemDataRole) -> object:
        return words.content.headerData(column, Qt.Orientation.Horizontal, role)

    assert told(0, Qt.ItemDataRole.ToolTipRole) == "A word\nClick to sort by it"
    assert told(2, Qt.ItemDataRole.ToolTipRole) == "By this nothing is sorted"
    click_title(words, 1)
    assert told(1, Qt.ItemDataRole.ToolTipRole) == "How long it is\nsorted, descending"
    assert told(1, Qt.ItemDataRole.DisplayRole) == "Length\N{EM SPACE}"
    assert told(1, Qt.ItemDataRole.AccessibleTextRole) == "Length, sorted, descending"


def test_rows_that_stay_stay_selected_whatever_comes_and_however_they_are_sorted(
    words: RowTable, snapshot: Snapshot
) -> None:
    words.selectRow(1)
    words.show_rows(["new", "pear", "fig", "kiwi"], snapshot)
    assert words.selected_rows() == [2]
    assert words.currentIndex().row() == 2
    click_title(words, 0)
    assert shown(words) == ["fig", "kiwi", "new", "pear"]
    assert words.selected_rows() == [0]
    words.show_rows(["aaa", "pear", "kiwi", "fig"], snapshot, keep_order=True)
    assert shown(words) == ["fig", "kiwi", "pear", "aaa"]
    words.show_rows(["pear"], snapshot)
    assert words.selected_rows() == []


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
