"""Knobs: raise one construct by one SD and read what follows in every construct downstream."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from bayescx.errors import FitError
from bayescx.estimands import summarize, what_if
from bayescx.estimands.population import Target, positions
from bayescx.estimands.system import layout_of
from bayescx.fitted import Fit
from bayescx.plots import style, typesetting
from bayescx.plots.picture import Picture
from bayescx.plots.typesetting import LINE
from bayescx.spec import PathModel
from bayescx.wording import target_words

__all__ = ["plot_knobs"]

_TARGETS = ("typical", "average", "new")
_GUTTER, _TWO_COLUMNS = 18.0, 5.5 * 72


def plot_knobs(
    fit: Fit, construct: str | None = None, *, target: Target = "average", ci_prob: float = 0.95, width: float = 6.5
) -> Picture:
    """Draw what follows in every construct if one construct rises by one SD.

    Parameters
    ----------
    fit : Fit
    construct : str, optional
        The one to raise; by default each that drives another has its own panel, all on one scale.
    target : {"average", "typical", "new"}
        Whom the answer is about: the mean over the N planned, the population centre, one more organization.
    ci_prob : float
        Probability of the equal-tailed intervals.
    width : float
        Inches, from 3.8 to 12; two panels beside each other from 5.5.

    Returns
    -------
    Picture
        Its ``data`` has one row per mark: knob, outcome, mean, sd, lower, upper; in SDs.

    Raises
    ------
    FitError
        If the construct is unknown or drives nothing, or the target is no population or has no answer.

    Examples
    --------
    >>> import bayescx as bcx
    >>> from bayescx.plots import plot_knobs
    >>> model = bcx.parse_model("trust ~ satisfaction; loyalty ~ trust + satisfaction")
    >>> rows = bcx.simulate(model, organizations=4, n_obs=100, random_seed=1).rows
    >>> evidence = bcx.Evidence.from_rows(rows, organization="organization")
    >>> picture = plot_knobs(bcx.fit(model, evidence, random_seed=1, progressbar=False), "satisfaction")
    >>> picture.data["outcome"].tolist()
    ['trust', 'loyalty']
    """
    points = style.check_width(width)
    if target not in _TARGETS:
        raise FitError(f"a picture of knobs speaks of a population, found target {target!r}; use {', '.join(_TARGETS)}")
    data = _table(fit, _knobs(fit, construct), target, ci_prob)
    words = {name: typesetting.clean(fit.model.in_words(name)) for name in fit.model.constructs}
    whom = target_words(fit, target)
    raised = "one construct" if construct is None else words[construct]
    title = f"What follows if {raised} rises by one SD"
    description = _description(fit, data, words, whom, ci_prob)
    with style.themed():
        page = _draw(fit, data, words, whom, f"{100 * ci_prob:g} %", points)
        return Picture(title, description, data, page.svg(), page.figure)


def _knobs(fit: Fit, construct: str | None) -> dict[str, list[str]]:
    """Each construct to raise, with those that follow."""
    followers = {name: _downstream(fit.model, name) for name in fit.model.constructs}
    driving = {name: found for name, found in followers.items() if found}
    if not driving:
        raise FitError("the model has no path, so nothing follows from raising a construct")
    if construct is None:
        return driving
    positions(layout_of(fit), [construct])
    if construct not in driving:
        raise FitError(f"{construct!r} drives nothing in this model. Constructs that do: {', '.join(driving)}")
    return {construct: driving[construct]}


def _downstream(model: PathModel, cause: str) -> list[str]:
    """Constructs that a cause reaches, in causal order."""
    reached = {cause}
    for name in model.constructs:
        if not reached.isdisjoint(model.predictors(name)):
            reached.add(name)
    return [name for name in model.constructs if name in reached - {cause}]


def _table(fit: Fit, knobs: dict[str, list[str]], target: Target, ci_prob: float) -> pd.DataFrame:
    tables = []
    for knob, outcomes in knobs.items():
        draws = what_if(fit, {knob: 1.0}, target=target, standardized=True).sel(outcome=outcomes)
        table = summarize(draws, ci_prob, kind="stats")
        lower, upper = (column for column in table if str(column).startswith("eti"))
        table = table.rename(columns={lower: "lower", upper: "upper"}).assign(knob=knob)
        tables.append(table[["knob", "outcome", "mean", "sd", "lower", "upper"]])
    return pd.concat(tables, ignore_index=True)


def _description(fit: Fit, data: pd.DataFrame, words: dict[str, str], whom: str, ci_prob: float) -> str:
    sentences = []
    for knob, rows in data.groupby("knob", sort=False):
        found = ", ".join(f"{words[row['outcome']]} {typesetting.interval(row, 2)}" for _, row in rows.iterrows())
        sentences.append(f"One SD more of {words[str(knob)]}: {found}.")
    notes = [f"{note}." for note, _ in style.notes_on(fit)]
    return " ".join([f"Changes in SDs, mean and {100 * ci_prob:g} % interval, {whom}.", *sentences, *notes])


# ------------------------------------------------------------------------------------------------ the picture


@dataclass(frozen=True)
class _Panel:
    """One knob: its heading, and per outcome the lines of its name and its number."""

    rows: pd.DataFrame
    heading: list[str]
    names: list[list[str]]
    numbers: list[str]
    size: float

    @property
    def places(self) -> list[float]:
        """Centre of each row below the panel's heading."""
        found, edge = [], 2.0
        for lines in self.names:
            height = len(lines) * LINE * self.size + 5
            found.append(edge + height / 2)
            edge += height
        return [*found, edge + 2]

    @property
    def height(self) -> float:
        return len(self.heading) * LINE * (self.size + 0.5) + 4 + self.places[-1] + 4 + LINE * self.size


def _draw(fit: Fit, data: pd.DataFrame, words: dict[str, str], whom: str, percent: str, width: float) -> style.Page:
    size = style.body_size(width)
    groups = [rows for _, rows in data.groupby("knob", sort=False)]
    beside = 2 if width >= _TWO_COLUMNS and len(groups) > 1 else 1
    room = (width - 2 * style.MARGIN - (beside - 1) * _GUTTER) / beside
    numbers = [[typesetting.interval(row, 2) for _, row in rows.iterrows()] for rows in groups]
    number_width = max(typesetting.text_width(text, size) for texts in numbers for text in texts)
    needed = max(typesetting.text_width(words[name], size) for name in data["outcome"])
    name_width = min(needed, (0.36 if beside == 2 else 0.44) * room, room - number_width - 2 * size - 40)
    panels = [
        _Panel(
            rows,
            typesetting.wrap(_raised(rows, words), room, size + 0.5, weight="bold") if len(groups) > 1 else [],
            [typesetting.wrap(words[name], name_width, size) for name in rows["outcome"]],
            texts,
            size,
        )
        for rows, texts in zip(groups, numbers, strict=True)
    ]
    notes = [(f"{whom}, mean and {percent} interval", style.GREY), *style.notes_on(fit)]
    said = "What follows if one construct rises by one SD" if len(groups) > 1 else _raised(groups[0], words)
    head = typesetting.wrap(said, width - 2 * style.MARGIN, style.TITLE_SIZE, weight="bold")
    lines = [
        (line, colour) for note, colour in notes for line in typesetting.wrap(note, width - 2 * style.MARGIN, size)
    ]
    top = style.MARGIN + len(head) * LINE * style.TITLE_SIZE + len(lines) * LINE * size + 10
    bands = [panels[i : i + beside] for i in range(0, len(panels), beside)]
    heights = [max(panel.height for panel in band) + 12 for band in bands]
    page = style.Page(width, top + math.fsum(heights) + LINE * size + style.MARGIN)
    y = style.MARGIN + page.lines(style.MARGIN, style.MARGIN, head, style.TITLE_SIZE, weight="bold")
    for line, colour in lines:
        y += page.lines(style.MARGIN, y, [line], size, colour=colour)
    limits = _limits(data)
    for band, height in zip(bands, heights, strict=True):
        for i, panel in enumerate(band):
            left = style.MARGIN + i * (room + _GUTTER)
            _draw_panel(page, panel, left, top, room, name_width, number_width, limits)
        top += height
    page.lines(width / 2, top - 4, ["change of the outcome (SD)"], size, align="center")
    return page


def _raised(rows: pd.DataFrame, words: dict[str, str]) -> str:
    """The amount stands first, so that a long name cannot push it out."""
    return f"+1\u00a0SD {words[str(rows['knob'].iloc[0])]}"


def _limits(data: pd.DataFrame) -> tuple[float, float]:
    """No change is always in sight: a bar is read by its distance from there."""
    low, high = min(0.0, float(data["lower"].min())), max(0.0, float(data["upper"].max()))
    pad = 0.05 * (high - low) or 0.1
    return low - pad, high + pad


def _draw_panel(
    page: style.Page,
    panel: _Panel,
    left: float,
    top: float,
    room: float,
    name_width: float,
    number_width: float,
    limits: tuple[float, float],
) -> None:
    size = panel.size
    top += page.lines(left, top, panel.heading, size + 0.5, weight="bold") + 4
    *places, height = panel.places
    for place, lines, text in zip(places, panel.names, panel.numbers, strict=True):
        page.lines(left, top + place - len(lines) * 0.64 * size, lines, size)
        page.text(left + room, top + place + 0.36 * size, text, size, align="right")
    axes = page.axes(left + name_width + size, top, room - name_width - number_width - 2 * size, height, limits, size)
    axes.axvline(0, color=style.GREY, linewidth=0.8, zorder=1)
    axes.plot(
        *style.segments(panel.rows["lower"], places, panel.rows["upper"], places),
        color=style.BLUE,
        linewidth=1.1,
        zorder=3,
    )
    axes.plot(panel.rows["mean"], places, linestyle="none", marker="o", markersize=3.8, color=style.BLUE, zorder=4)
