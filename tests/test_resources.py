"""keymon's own files are where the program looks for them."""

from keymon.resources import resource


def test_the_icon_is_there() -> None:
    assert resource("keymon.svg").read_text().startswith("<svg")
