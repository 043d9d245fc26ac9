"""Lines fit where they were told to, and numbers read as in print."""

from __future__ import annotations

import pytest

from bayescx.plots import typesetting as ts

TEXTS = [
    "trust in the company",
    "a name that goes on and on " * 10,
    "x" * 200,
    "株式会社" * 50,
    "$x$ <b>",
    "العربية والثقة",
    "🙂" * 40,
]


@pytest.mark.parametrize("room", [20, 60, 150])
@pytest.mark.parametrize("text", TEXTS)
def test_shortened_lines_fit(text: str, room: float) -> None:
    short = ts.shorten(text, room, 8)
    assert ts.text_width(short, 8) <= room
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))
    if short != text and len(short) > 1:  # nothing that would still have fitted was cut
        longer = text[: len(short)].rstrip() + "…"
        assert ts.text_width(longer, 8) > room or text[len(short) - 1] == " "


@pytest.mark.parametrize("text", TEXTS)
def test_wrapped_lines_fit(text: str) -> None:
    lines = ts.wrap(text, 90, 8, 3)
    assert 1 <= len(lines) <= 3
    assert all(ts.text_width(line, 8) <= 90 for line in lines)
    kept = " ".join(lines)
    assert kept == text or text.startswith(kept.removesuffix("…"))


@pytest.mark.parametrize(
    "names", [["trust", "loyalty"], ["a" * 200, "b c " * 50], [f"name {i} of many" for i in range(9)]]
)
def test_chains_fit_and_show_every_name(names: list[str]) -> None:
    lines = ts.chain_lines(names, 250, 10, 2)
    assert len(lines) <= 2
    assert all(ts.text_width(line, 10) <= 250 for line in lines)
    shown = " ".join(lines).split(" → ")
    assert len(shown) == len(names)
    assert all(name.startswith(one.removesuffix("…")) for one, name in zip(shown, names, strict=True))


def test_ideographs_take_an_em_whether_or_not_a_font_has_them() -> None:
    assert ts.text_width("株式会社", 10) >= 40
    assert ts.text_width("trust", 20) == pytest.approx(2 * ts.text_width("trust", 10), rel=0.02)
    assert ts.text_width("trust", 10, "bold") > ts.text_width("trust", 10)


def test_what_cannot_be_printed_is_left_out() -> None:
    assert ts.clean("a\x00b\n\n c\u202ed \ud800") == "a b c d"


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (0.856, 2, "0.86"), (-0.5, 2, "−0.50"), (-0.004, 2, "0.00"), (0.0, 0, "0"), (1234567.0, 0, "1,234,567"),
        (3.2e9, 0, "3.2e+09"), (-2.4e-9, 6, "−2.4e−09"), (0.0, 6, "0.000000"),
    ],
)  # fmt: skip
def test_numbers(value: float, decimals: int, expected: str) -> None:
    assert ts.number(value, decimals) == expected


@pytest.mark.parametrize(
    ("widths", "expected"),
    [([0.15, 0.2], 2), ([12.0, 15.0], 0), ([1.5], 1), ([0.003], 4), ([1e-12], 6), ([0.0, 0.0], 2), ([], 2)],
)
def test_decimals_show_two_digits_of_an_interval(widths: list[float], expected: int) -> None:
    assert ts.decimals_for(widths) == expected


def test_intervals() -> None:
    assert ts.interval({"mean": -0.5, "lower": -0.61, "upper": 0.02}, 2) == "−0.50 [−0.61, 0.02]"
    assert ts.interval({"mean": 0.5, "lower": 0.5, "upper": 0.5}, 2) == "0.50 [0.50, 0.50]"
