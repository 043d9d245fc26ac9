"""The picture of conflicts shows its numbers at their places, legibly, whatever the names are."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from bayescx.errors import FitError
from bayescx.plots import style
from bayescx.plots.conflict import plot_conflict
from bayescx.plots.picture import Picture
from tests.plots import fits
from tests.plots.fits import collisions, lines_with, smallest_letters, texts_of

MARKERS = ("o", "D", "<", ">")


def row(published: float = np.nan, predicted: float = np.nan, sd: float = np.nan, **keys: Any) -> dict[str, Any]:
    z = np.nan if "holds" in keys else (published - predicted) / sd
    usual = {
        "use": "evidence",
        "predicted_from": "other evidence",
        "tail_probability": 0.5,
        "holds": np.nan,
        "flag": "",
    }
    return {**usual, "published": published, "predicted": predicted, "sd": sd, "z": z, **keys}


ROWS = {
    "r_squared trust (one, two)": row(0.75, 0.74, 0.006),
    f"path {fits.LONG}~{fits.SCRIPT} (one, two)": row(0.86, 0.90, 0.02),
    f"correlation {fits.CJK} with {fits.MATH} (two)": row(0.2, 0.6, 0.04, flag="conflict"),
    "path_ratio loyalty: trust to satisfaction (one)": row(4.0, 1.1, 0.9, flag="conflict"),
    "ordering path loyalty~trust before satisfaction (two)": row(holds=0.82),
    "bound share mediated loyalty~satisfaction at least 0.9 (two)": row(0.9, 0.4, 0.1, holds=0.0002, flag="conflict"),
}


def table_of(rows: dict[str, dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows.values(), index=pd.Index(list(rows), name="figure"))


def marks(picture: Picture) -> list[tuple[str, float, str]]:
    """Marker, place and colour of every mark, from above."""
    found = [line for marker in MARKERS for line in lines_with(picture, marker=marker)]
    found.sort(key=lambda line: line.get_ydata()[0])
    return [(line.get_marker(), float(line.get_xdata()[0]), line.get_color()) for line in found]


def test_marks_stand_where_the_table_says() -> None:
    picture = plot_conflict(table_of(ROWS))
    (one, two, three, four) = marks(picture)  # claims have no place
    assert (one[0], two[0], three[0], four[0]) == ("o", "o", "<", "D")
    assert one[1] == pytest.approx(0.01 / 0.006)
    assert two[1] == pytest.approx(-2.0)
    assert four[1] == pytest.approx(2.9 / 0.9)
    axes = picture.figure.axes[0]  # type: ignore[union-attr]
    assert three[1] == pytest.approx(axes.get_xlim()[0])  # ten SDs lie beyond the edge
    assert [mark[2] for mark in (one, two, three, four)] == [style.BLUE] * 2 + [style.VERMILLION] * 2


def test_numbers_stand_beside_their_figure() -> None:
    picture = plot_conflict(table_of(ROWS))
    texts = texts_of(picture)
    for label, numbers in {"r_squared trust": ("0.75", "0.740 ± 0.006"), "ordering": ("claim", "holds: 82 %")}.items():
        (at,) = [box for text, box in texts if text.startswith(label)]
        beside = {text for text, box in texts if box.y0 <= at.y1 and box.y1 >= at.y0 - 12}
        assert set(numbers) <= beside
    assert any(text == "holds: < 1 %" for text, _ in texts)
    assert picture.data["figure"].tolist() == list(ROWS)
    assert picture.description.startswith("6 figures, 3 in conflict. r_squared trust (one, two): published 0.75,")


@pytest.mark.parametrize("width", [3.8, 6.5, 12.0])
@pytest.mark.parametrize(
    "rows", [ROWS, dict(list(ROWS.items())[:1]), {f"{i} {k}": v for i in range(7) for k, v in ROWS.items()}]
)
def test_pictures_are_legible(rows: dict[str, dict[str, Any]], width: float) -> None:
    picture = plot_conflict(table_of(rows), width=width)
    assert not collisions(picture)
    assert smallest_letters(picture) >= 7
    for text, box in texts_of(picture):
        assert box.x0 >= 0, text
        assert box.x1 <= 72 * width, text
    ET.fromstring(picture.svg)  # noqa: S314 (our own SVG: names cannot break it)
    assert picture.svg == plot_conflict(table_of(rows), width=width).svg


def test_a_picture_without_claims_or_with_claims_alone() -> None:
    claims = plot_conflict(table_of({"ordering a": row(holds=0.999), "ordering b": row(holds=0.4)}))
    assert not marks(claims)
    assert "holds: > 99 %" in claims.description
    assert "none in conflict" in claims.description


def test_figures_that_helped_to_predict_themselves_are_called_so() -> None:
    helped = plot_conflict(table_of({"path a~b (one)": row(0.4, 0.41, 0.1, predicted_from="all evidence")}))
    assert "with its own help" in helped.description
    assert any("helped to predict" in text for text, _ in texts_of(helped))


@pytest.mark.parametrize("wrong", [None, pd.DataFrame({"z": [1.0]}), table_of(ROWS).iloc[:0]])
def test_what_is_no_table_of_conflicts_is_refused(wrong: Any) -> None:
    with pytest.raises(FitError, match=r"draws what conflict\(fit\) returned"):
        plot_conflict(wrong)
