"""Published figures beside what all other evidence predicts for them, in SDs of each prediction."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayescx.errors import FitError
from bayescx.plots import style, typesetting
from bayescx.plots.picture import Picture
from bayescx.plots.style import MARGIN
from bayescx.plots.typesetting import LINE
from bayescx.wording import numbers

__all__ = ["plot_conflict"]

_FARTHEST = 6.0  # SDs; what lies beyond is an arrow at the edge
_ROW = 5.0  # points between rows
_COLUMNS = {"published", "predicted", "predicted_from", "sd", "z", "tail_probability", "holds", "flag"}
_QUESTION = "Do published figures fit all other evidence?"


def plot_conflict(table: pd.DataFrame, *, width: float = 6.5) -> Picture:
    """Draw each published figure by how many SDs it lies from its prediction.

    Bands reach one and two SDs of the prediction to either side; conflicts are diamonds. Orderings and bounds have no
    place on this axis: the probability that they hold stands beside them.

    Parameters
    ----------
    table : DataFrame
        What ``conflict`` returned.
    width : float
        Inches, from 3.8 to 12.

    Returns
    -------
    Picture
        Its ``data`` is the table, with ``figure`` as its first column.

    Raises
    ------
    FitError
        If it is no such table, or the width is none that can be drawn.

    Examples
    --------
    >>> from bayescx.estimands.conflict import conflict
    >>> from bayescx.evidence import Published
    >>> figure = Published(statistic="r_squared", outcome="trust", value=0.1, organizations=["north"], n_obs=150)
    >>> plot_conflict(conflict(fit, [figure])).description.split(".")[0]
    '1 figure, 1 in conflict'
    """
    points = style.check_width(width)
    _check(table)
    rows = [_Row(str(label), row) for label, row in table.iterrows()]
    flagged = sum(row.is_conflict for row in rows)
    said = [f"{row.label}: {row.sentence}." for row in rows]
    size = f"{len(rows)} figure{'s' if len(rows) > 1 else ''}"
    description = " ".join([f"{size}, {flagged or 'none'} in conflict.", *said])
    with style.themed():
        page = _draw(rows, points)
        return Picture(_QUESTION, description, table.reset_index(names="figure"), page.svg(), page.figure)


def _check(table: object) -> None:
    if not isinstance(table, pd.DataFrame) or not set(table.columns) >= _COLUMNS or table.empty:
        found = "another table" if isinstance(table, pd.DataFrame) else type(table).__name__
        raise FitError(f"plot_conflict draws what conflict(fit) returned; found {found}")


class _Row:
    """One figure in words and numbers."""

    def __init__(self, label: str, row: pd.Series) -> None:
        self.label = typesetting.clean(label)
        self.is_conflict = row["flag"] == "conflict"
        self.helped = row["predicted_from"] == "all evidence"
        self.z = float(row["z"])
        self.is_claim = not np.isnan(float(row["holds"]))
        decimals = typesetting.decimals_for([4.0 * float(row["sd"])])
        predicted, spread = (typesetting.number(float(row[name]), decimals) for name in ("predicted", "sd"))
        self.published = "claim" if self.is_claim else numbers(float(row["published"]))[0]
        self.predicted = f"holds: {_percent(float(row['holds']))}" if self.is_claim else f"{predicted} ± {spread}"

    @property
    def sentence(self) -> str:
        """What a person sees in this row."""
        told = self.predicted if self.is_claim else f"published {self.published}, predicted {self.predicted}"
        return told + (" with its own help" if self.helped else "") + (", in conflict" if self.is_conflict else "")


def _percent(probability: float) -> str:
    """A probability that is never rounded to certainty."""
    if probability < 0.01:
        return "< 1 %"
    return "> 99 %" if probability > 0.99 else f"{100 * probability:.0f} %"


def _draw(rows: list[_Row], width: float) -> style.Page:
    size, room = style.body_size(width), width - 2 * MARGIN
    line = LINE * size
    head = typesetting.wrap(_QUESTION, room, style.TITLE_SIZE, weight="bold")
    note = "Published less predicted, in SDs of each prediction (bands: one and two)"
    notes = typesetting.wrap(note, room, size)
    if any(row.helped for row in rows):
        notes += typesetting.wrap(
            "Figures helped to predict themselves: conflicts look smaller than they are", room, size
        )
    columns = [
        max(typesetting.text_width(text, size) for text in (title, *(getattr(row, title) for row in rows)))
        for title in ("published", "predicted")
    ]
    needed = max(typesetting.text_width(row.label, size) for row in rows)
    label_width = min(needed, max(0.36 * room, room - sum(columns) - 3 * size - 150))
    names = [typesetting.wrap(row.label, label_width, size, 3) for row in rows]
    heights = [len(lines) * line + _ROW for lines in names]
    top = MARGIN + len(head) * LINE * style.TITLE_SIZE + (len(notes) + 1) * line + 8
    page = style.Page(width, top + sum(heights) + 2 * line + MARGIN)
    y = MARGIN + page.lines(MARGIN, MARGIN, head, style.TITLE_SIZE, weight="bold")
    page.lines(MARGIN, y, notes, size, colour=style.GREY)
    right = width - MARGIN
    ends = (right - columns[1] - size, right)
    for title, end in zip(("published", "predicted"), ends, strict=True):
        page.lines(end, top - line - 2, [title], size, align="right", colour=style.GREY)
    places = []
    edge = 0.0
    for row, lines, height in zip(rows, names, heights, strict=True):
        places.append(edge + height / 2)
        page.lines(MARGIN, top + places[-1] - len(lines) * line / 2, lines, size)
        weight = "bold" if row.is_conflict else "normal"
        for text, end in zip((row.published, row.predicted), ends, strict=True):
            page.text(end, top + places[-1] + 0.36 * size, text, size, align="right", weight=weight)
        edge += height
    left = MARGIN + label_width + size
    _draw_axes(page, rows, places, (left, top, ends[0] - columns[0] - size - left, edge), size)
    return page


def _draw_axes(
    page: style.Page, rows: list[_Row], places: list[float], box: tuple[float, float, float, float], size: float
) -> None:
    reach = np.nanmax([2.5, *(abs(row.z) for row in rows)])
    limit = min(float(reach), _FARTHEST) * 1.08
    axes = page.axes(*box, (-limit, limit), size)
    for sds, shade in ((2.0, 0.12), (1.0, 0.16)):
        axes.axvspan(-sds, sds, color=style.BLUE, alpha=shade, linewidth=0, zorder=0)
    axes.axvline(0, color=style.GREY, linewidth=0.8, zorder=1)
    for row, place in zip(rows, places, strict=True):
        if np.isnan(row.z):
            continue
        colour = style.VERMILLION if row.is_conflict else style.BLUE
        x = float(np.clip(row.z, -limit, limit))
        axes.plot([0, x], [place, place], color=colour, linewidth=0.9, zorder=3)
        beyond = "<" if row.z < -limit else ">" if row.z > limit else ""
        marker = beyond or ("D" if row.is_conflict else "o")
        axes.plot([x], [place], marker=marker, markersize=5.0, color=colour, linestyle="none", clip_on=False, zorder=4)
