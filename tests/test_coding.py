"""Coded columns: their names, their values, and what counts as one level."""

from __future__ import annotations

import numpy as np
import pytest

from bayescx.coding import Category, Hinge, Side, is_coded, is_missing, level_text, number_text

NAMES = ["x", "Q3: trust (1-7)", "a, b", "<script>alert(1)</script>", "q[1]", "満足", "x" * 200]


@pytest.mark.parametrize("side", ["below", "above"])
def test_the_two_sides_add_up_to_the_distance_from_the_knot(side: Side) -> None:
    x = np.array([1.0, 4.0, 7.0, np.nan])
    below, above = Hinge("x", "below", 3.5).values(x), Hinge("x", "above", 3.5).values(x)
    np.testing.assert_array_equal(below + above, x - 3.5)
    assert np.isnan(Hinge("x", side, 3.5).values(x)).tolist() == [False, False, False, True]
    assert below.tolist()[:3] == [-2.5, 0.0, 0.0]
    assert above.tolist()[:3] == [0.0, 0.5, 3.5]


@pytest.mark.parametrize(
    ("at", "name"), [(4.0, "below(x, 4)"), (-0.0, "below(x, 0)"), (-2.5, "below(x, -2.5)"), (1e7, "below(x, 10000000)")]
)
def test_knots_are_written_without_more_than_they_need(at: float, name: str) -> None:
    assert Hinge("x", "below", at).name == name


def test_dummies_tell_every_level_but_the_first() -> None:
    levels = ("a", "b", "c")
    places = np.array([0.0, 1.0, 2.0, np.nan])
    dummies = np.column_stack([Category("i", level, levels).values(places) for level in levels[1:]])
    np.testing.assert_array_equal(dummies, [[0, 0], [1, 0], [0, 1], [np.nan, np.nan]])
    assert Category("i", "b", levels).reference == "a"


@pytest.mark.parametrize("column", NAMES)
@pytest.mark.parametrize("level", NAMES)
def test_names_of_coded_columns_are_told_by_their_form(column: str, level: str) -> None:
    assert is_coded(Hinge(column, "above", -1.5).name)
    assert is_coded(Category(column, level, ("a", level)).name)


@pytest.mark.parametrize("name", ["x", "below(x)", "x[]", "[x]", "beside(x, 4)", "below(x, 4) ", "x (1-7)"])
def test_other_names_are_not(name: str) -> None:
    assert not is_coded(name)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("1", "1"),
        (" 1.0 ", "1"),
        ("01", "1"),
        ("-1.50", "-1.5"),
        ("1e2", "100"),
        ("1_0", "1_0"),
        ("inf", "inf"),
        ("a ", "a"),
    ],
)
def test_levels_that_are_numbers_count_by_their_value(text: str, level: str) -> None:
    assert level_text(text) == level
    assert level_text(level) == level


def test_codes_of_many_digits_stay_apart() -> None:
    assert number_text(123456789.0) != number_text(123456788.0)
    assert number_text(1234567890123.0) == level_text("1234567890123.0") == "1234567890123"
    longest = "123456789012345678901234567890"
    assert level_text(longest) == longest
    assert level_text("007") == "7"
    assert number_text(1e300) == level_text("1e300") == "1e+300"
    assert number_text(2.0**60) == "1152921504606846976"


@pytest.mark.parametrize(("text", "missing"), [("", True), (" N/A", True), ("None", True), ("no", False), ("0", False)])
def test_spellings_of_a_missing_cell(text: str, missing: bool) -> None:
    assert is_missing(text) is missing
