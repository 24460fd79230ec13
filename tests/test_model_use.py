"""The name of a model without what its client asked for besides."""

import pytest

from keymon.model_use import base_model


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("gemini-2.5-flash", "gemini-2.5-flash"),
        ("gemini-2.5-flash-search", "gemini-2.5-flash"),
        ("gemini-2.5-flash-image", "gemini-2.5-flash"),
        ("gemini-2.5-flash-non-thinking", "gemini-2.5-flash"),
        ("m-non-thinking-search", "m"),
        ("m-search-non-thinking", "m"),
        ("m-image-non-thinking-image", "m"),
        ("m-searching", "m-searching"),
        ("m-search-x", "m-search-x"),
        ("-search", ""),
        ("", ""),
        (None, None),
    ],
)
def test_suffixes_go_in_any_order(name: str | None, base: str | None) -> None:
    assert base_model(name) == base
