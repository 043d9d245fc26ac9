"""Text is never estimated too narrow, and broken lines fit and lose nothing but what an ellipsis stands for."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from bayescx.plots.lettering import filled, text_width, wrapped


@pytest.mark.parametrize(
    "text",
    [
        "satisfaction with customer service",
        "R² .74 [.70, .78]",
        "[−0.84, −0.88]",
        "fixed 0.20",
        "1.2×10⁻⁷",
        "удовлетворённость клиентов",
        "ικανοποίηση πελατών",
        "Zuverlässigkeitsgrad Œuvre",
        string.ascii_letters,
        string.punctuation,
        "MMMMWWWW",
        "<script>alert(1)</script>",
    ],
)
def test_widths_are_those_of_a_wide_font_or_more(text: str) -> None:
    # DejaVu Sans is wider than Arial, Helvetica, Segoe UI, Roboto and Noto Sans
    wide = FontProperties(family="DejaVu Sans", size=100)
    width, _, _ = text_to_path.get_text_width_height_descent(text, wide, ismath=False)
    assert 0.98 * width <= text_width(text, 100.0) <= 1.25 * width


def test_ideographs_are_an_em_wide_and_marks_above_letters_take_no_room() -> None:
    assert text_width("信任", 10.0) == pytest.approx(20.0)
    assert text_width("e\u0301", 10.0) == text_width("e", 10.0)


@given(
    text=st.text(
        st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="…-"), min_size=1, max_size=220
    ),
    width=st.floats(60, 200),
    most=st.integers(1, 4),
)
def test_lines_fit_and_keep_the_beginning_of_the_text(text: str, width: float, most: int) -> None:
    lines = wrapped(text, 12.0, width, most)
    assert 1 <= len(lines) <= most
    assert all(text_width(line, 12.0) <= width for line in lines)
    shown, whole = ("".join("".join(part).replace("-", "").split()) for part in (lines, text))
    if lines[-1].endswith("…"):
        assert whole.startswith(shown.removesuffix("…"))
    else:
        assert shown == whole


def test_lines_are_of_nearly_equal_length_and_words_stay_whole() -> None:
    assert wrapped("connection with the company", 10.0, 150.0, 3) == ["connection with", "the company"]
    assert filled("connection with the company", 10.0, 150.0) == ["connection with the", "company"]
    assert wrapped("a satisfactory", 10.0, text_width("satisfactory", 10.0), 3) == ["a", "satisfactory"]


def test_what_is_too_long_is_cut() -> None:
    assert wrapped("trust " * 40, 10.0, 80.0, 3)[-1].endswith("…")
    pieces = wrapped("Donaudampfschifffahrtsgesellschaft", 10.0, 100.0, 4)
    assert [piece.endswith("-") for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    assert "".join(pieces).replace("-", "") == "Donaudampfschifffahrtsgesellschaft"
    assert wrapped("信任" * 9, 10.0, 60.0, 2) == ["信任信任信", "任信任信任…"]
