"""The theme leaves no trace, and a page puts things where it was told to."""

from __future__ import annotations

import warnings

import matplotlib as mpl
import numpy as np
import pytest

from bayescx.errors import FitError
from bayescx.plots import style


def test_the_theme_is_gone_afterwards() -> None:
    before = dict(mpl.rcParams)
    with style.themed():
        assert mpl.rcParams["svg.fonttype"] == "none"
        assert not mpl.rcParams["text.parse_math"]
    assert dict(mpl.rcParams) == before


def test_only_missing_letters_are_silenced() -> None:
    with style.themed():
        warnings.warn("Glyph 23383 (CJK) missing from font(s) DejaVu Sans.", UserWarning, stacklevel=1)
        with pytest.raises(UserWarning, match="something else"):
            warnings.warn("something else", UserWarning, stacklevel=1)


def page_with_text(text: str, x: float, y: float) -> style.Page:
    page = style.Page(200, 100)
    page.text(x, y, text, 8)
    return page


def test_a_page_is_measured_in_points_from_its_upper_left_corner() -> None:
    with style.themed():
        svg = page_with_text("here", 50, 30).svg()
    assert 'viewBox="0 0 200 100"' in svg
    (line,) = (line for line in svg.splitlines() if ">here<" in line)
    assert 'x="50"' in line
    assert 'y="30"' in line
    assert "rotate" not in line
    assert "font-family: Arial" in line
    assert svg.endswith("</svg>\n")


def test_only_the_style_of_text_is_rewritten() -> None:
    words = 'x font-family: Comic; transform="rotate(-0 1 2)" d="M 1.23456"'
    with style.themed():
        svg = page_with_text(words, 5, 30).svg()
    assert "font-family: Comic;" in svg
    assert "rotate(-0 1 2)" in svg
    assert "1.23456" in svg


def test_axes_count_points_downwards() -> None:
    with style.themed():
        page = style.Page(200, 100)
        axes = page.axes(20, 10, 100, 60, (0.0, 1.0), 8)
    np.testing.assert_allclose(axes.get_position().bounds, (0.1, 0.3, 0.5, 0.6))
    assert axes.get_ylim() == (60, 0)
    assert axes.get_xlim() == (0, 1)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-0.37, 0.92), (1e5, 9e5), (-2e-4, 3e-4), (0.30, 0.3404)])
@pytest.mark.parametrize("width", [60, 120, 400])
def test_ticks_have_room_and_say_their_place(low: float, high: float, width: float) -> None:
    from bayescx.plots.typesetting import text_width

    places, labels = style.ticks(low, high, width, 8)
    assert 1 <= len(places) <= 8
    assert all(low - 1e-9 <= place <= high + 1e-9 for place in places)
    said = [float(label.replace("−", "-").replace(",", "")) for label in labels]
    np.testing.assert_allclose(said, places, atol=1e-9)
    assert len(set(labels)) == len(labels)
    if len(places) > 1:
        room = width * np.diff(places).min() / (high - low)
        assert room > max(text_width(label, 8) for label in labels) or len(places) == 2


def test_segments_are_one_line_with_gaps() -> None:
    x, y = style.segments([0.0, 1.0], [5.0, 6.0], [2.0, 3.0], [5.0, 7.0])
    np.testing.assert_array_equal(x, [0, 2, np.nan, 1, 3, np.nan])
    np.testing.assert_array_equal(y, [5, 5, np.nan, 6, 7, np.nan])


def test_width_in_points() -> None:
    assert style.check_width(6.5) == 468
    assert style.check_width(np.float64(4)) == 288
    with pytest.raises(FitError, match="found 20"):
        style.check_width(20)
