"""Which driver has the greatest impact on an outcome: the probability of each rank as a stacked bar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from matplotlib.colors import to_hex, to_rgb

from bayescx._names import ORGANIZATION
from bayescx.errors import FitError
from bayescx.estimands.population import Target
from bayescx.estimands.ranks import DRIVER, RANK, RankedEffect, rank_probabilities
from bayescx.fitted import Fit
from bayescx.plots import style, typesetting
from bayescx.plots.picture import Picture
from bayescx.plots.style import MARGIN
from bayescx.plots.typesetting import LINE
from bayescx.wording import enumeration, target_words

__all__ = ["plot_ranks"]

_TARGETS = ("average", "typical", "new")
_GUTTER, _THREE_COLUMNS = 14.0, 5.5 * 72
_PALEST = "#D9E6EF"
_ROW, _BAR = 17.0, 12.0  # points from bar to bar, and of a bar
_MOST_SAID = 6  # drivers whose ranks a description tells


def plot_ranks(
    fit: Fit,
    outcome: str,
    *,
    target: Target = "average",
    effect: RankedEffect = "direct",
    among: Iterable[str] | None = None,
    by_organization: bool = False,
    width: float = 6.5,
) -> Picture:
    """Draw the probability that each driver of an outcome has rank 1, 2, …; rank 1 is the greatest impact.

    Drivers stand in the order of their expected ranks, and the darker a bar, the greater the impact. Impact is the
    absolute size of the standardized effect; drivers that lower the outcome are named.

    Parameters
    ----------
    fit : Fit
    outcome : str
    target : {"average", "typical", "new"}
        Whom the answer is about: the mean over the N planned, the population centre, one more organization.
    effect : {"direct", "total"}
    among : iterable of str, optional
        The drivers to rank, see ``rank_probabilities``; by default the outcome's predictors.
    by_organization : bool
        Add a small panel for each organization that reported, drivers in the same order.
    width : float
        Inches, from 3.8 to 12.

    Returns
    -------
    Picture
        Its ``data`` has one row per part of a bar: target, organization (empty for the population), driver, rank,
        probability, and negative, the probability that the effect is below 0.

    Raises
    ------
    FitError
        If the outcome is unknown or has no predictors, a driver has no such effect on it, or the target is no
        population or has no answer.

    Examples
    --------
    >>> picture = plot_ranks(fit, "loyalty")
    >>> picture.title
    'Which driver has the greatest impact on loyalty?'
    """
    points = style.check_width(width)
    if target not in _TARGETS:
        raise FitError(f"a picture of ranks speaks of a population, found target {target!r}; use {', '.join(_TARGETS)}")
    among = None if among is None else [among] if isinstance(among, str) else list(among)
    targets: list[Target] = [target, "organization"] if by_organization else [target]
    tables = [_table(fit, outcome, one, effect, among) for one in targets]
    order = _order(tables[0])
    data = pd.concat([_sorted(table, order) for table in tables], ignore_index=True)
    words = _Words(fit, data, outcome, target, effect, order)
    with style.themed():
        page = _Ranks(words, points).draw()
        return Picture(words.title, words.description, data, page.svg(), page.figure)


def _table(fit: Fit, outcome: str, target: Target, effect: RankedEffect, among: list[str] | None) -> pd.DataFrame:
    table = rank_probabilities(fit, outcome, target, effect, among).to_dataframe().reset_index()
    table = table.rename(columns={"rank_probability": "probability"}).assign(target=target)
    if ORGANIZATION not in table:
        table[ORGANIZATION] = ""
    return table[["target", ORGANIZATION, DRIVER, RANK, "probability", "negative"]]


def _order(table: pd.DataFrame) -> list[str]:
    """Drivers by their expected rank."""
    expected = (table[RANK] * table["probability"]).groupby(table[DRIVER], sort=False).sum()
    return [str(name) for name in expected.sort_values(kind="stable").index]


def _sorted(table: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Organizations as they come, within them drivers in their order."""
    place = {name: i for i, name in enumerate(dict.fromkeys(table[ORGANIZATION]))}
    keys = {"one": table[ORGANIZATION].map(place), "two": table[DRIVER].map(order.index)}
    return table.assign(**keys).sort_values(["one", "two", RANK], kind="stable").drop(columns=["one", "two"])


@dataclass(frozen=True)
class _Words:
    """What the picture says in words and figures."""

    fit: Fit
    data: pd.DataFrame
    outcome: str
    target: str
    effect: str
    order: list[str]

    @cached_property
    def names(self) -> list[str]:
        return [self.said(name) for name in self.order]

    def said(self, name: str) -> str:
        return typesetting.clean(self.fit.model.in_words(name))

    @property
    def title(self) -> str:
        return f"Which driver has the greatest impact on {self.said(self.outcome)}?"

    @property
    def whom(self) -> str:
        return target_words(self.fit, self.target)

    @property
    def notes(self) -> list[tuple[str, str]]:
        """What a reader must know first, each with its colour."""
        notes = [(f"{self.whom}, {self.effect} effects by size (SD per SD)", style.GREY)]
        if self.lowering:
            said = f"Lowers {self.said(self.outcome)}, and ranks by how much: {enumeration(self.lowering)}"
            notes.append((said, style.VERMILLION))
        return [*notes, *style.notes_on(self.fit)]

    @property
    def lowering(self) -> list[str]:
        """Drivers whose effect is more likely below 0 than above."""
        main = self.data[self.data["target"] == self.target]
        return [self.said(name) for name in self.order if main.loc[main[DRIVER] == name, "negative"].iloc[0] > 0.5]

    @property
    def description(self) -> str:
        """The main numbers for those who cannot see them."""
        said = []
        for name, rows in self.data[self.data["target"] == self.target].groupby(DRIVER, sort=False):
            ranks = zip(rows[RANK], rows["probability"], strict=True)
            shown = ", ".join(f"rank {rank} {_percent(one)}" for rank, one in ranks if one > 0.005)
            said.append(f"{self.said(str(name))}: {shown}.")
        more = [f"And {len(said) - _MOST_SAID} more drivers."] if len(said) > _MOST_SAID else []
        firsts = []
        own = self.data[(self.data["target"] == "organization") & (self.data[RANK] == 1)]
        for organization, rows in own.groupby(ORGANIZATION, sort=False):
            at = int(rows["probability"].to_numpy().argmax())
            driver, chance = str(rows[DRIVER].iloc[at]), _percent(float(rows["probability"].iloc[at]))
            firsts.append(f"{typesetting.clean(str(organization))}: {self.said(driver)} first {chance}.")
        notes = [f"{note}." for note, _ in self.notes[1:]]
        about = f"Probability of each rank, {self.notes[0][0]}."
        return " ".join([about, *said[:_MOST_SAID], *more, *firsts, *notes])


def _percent(probability: float) -> str:
    """A probability that is never rounded to certainty."""
    if probability <= 0.005:
        return "< 1\u00a0%"
    return "> 99\u00a0%" if probability >= 0.995 else f"{100 * probability:.0f}\u00a0%"


class _Ranks:
    """Places panels of stacked bars on a page, and draws them."""

    def __init__(self, words: _Words, width: float) -> None:
        self.words, self.width = words, width
        self.size = style.body_size(width)
        self.line = LINE * self.size
        self.count = len(words.order)
        room = width - 2 * MARGIN
        needed = max(typesetting.text_width(name, self.size) for name in words.names)
        self.name_width = min(needed, 0.36 * room)
        self.names = [typesetting.wrap(name, self.name_width, self.size) for name in words.names]
        self.left = MARGIN + self.name_width + self.size
        self.right = width - MARGIN - typesetting.text_width("100", self.size) / 2
        heights = np.array([max(_ROW, len(lines) * self.line + 4) for lines in self.names])
        self.places = np.cumsum(heights) - heights / 2
        self.height = float(heights.sum())
        self.shades = [_mixed(i / max(self.count - 1, 1)) for i in range(self.count)]

    def draw(self) -> style.Page:
        room = self.width - 2 * MARGIN
        heading = typesetting.wrap(self.words.title, room, style.TITLE_SIZE, weight="bold")
        notes = [
            (line, colour) for note, colour in self.words.notes for line in typesetting.wrap(note, room, self.size)
        ]
        legend = self._legend()
        top = MARGIN + len(heading) * LINE * style.TITLE_SIZE + len(notes) * self.line + 4
        panels_top = top + len(legend) * 1.25 * self.line + 5
        own = [rows for name, rows in self.words.data.groupby(ORGANIZATION, sort=False) if name != ""]
        columns = min(3 if self.width >= _THREE_COLUMNS else 2, max(len(own), 1))
        bands = [own[i : i + columns] for i in range(0, len(own), columns)]
        below = self.height + self.line + 8  # an axis with its numbers
        small, gap = 1.2 * self.line + below + 4, 6.0 if bands else 0.0
        self.page = style.Page(self.width, panels_top + below + gap + len(bands) * small + self.line + 4 + MARGIN)
        y = MARGIN + self.page.lines(MARGIN, MARGIN, heading, style.TITLE_SIZE, weight="bold")
        for line, colour in notes:
            y += self.page.lines(MARGIN, y, [line], self.size, colour=colour)
        self._draw_legend(legend, top)
        self._draw_names(panels_top)
        main = self.words.data[self.words.data[ORGANIZATION] == ""]
        self._draw_panel(main, self.left, panels_top, self.right - self.left)
        y = panels_top + below + gap
        wide = (self.right - self.left - (columns - 1) * _GUTTER) / columns
        for band in bands:
            self._draw_names(y + 1.2 * self.line)
            for i, rows in enumerate(band):
                x = self.left + i * (wide + _GUTTER)
                name = typesetting.shorten(
                    typesetting.clean(str(rows[ORGANIZATION].iloc[0])), wide, self.size, weight="bold"
                )
                self.page.lines(x, y, [name], self.size, weight="bold")
                self._draw_panel(rows, x, y + 1.2 * self.line, wide)
            y += small
        label = "probability of each rank (%)"
        half = typesetting.text_width(label, self.size) / 2
        middle = min((self.left + self.right) / 2, self.width - MARGIN - half)
        self.page.lines(middle, y, [label], self.size, align="center")
        return self.page

    def _draw_names(self, top: float) -> None:
        for place, lines in zip(self.places, self.names, strict=True):
            self.page.lines(MARGIN, top + place - len(lines) * self.line / 2, lines, self.size)

    def _draw_panel(self, rows: pd.DataFrame, left: float, top: float, wide: float) -> None:
        """Bars of all drivers, cut by ranks; a part says its probability where that fits."""
        axes = self.page.axes(left, top, wide, self.height, (0.0, 100.0), self.size)
        parts = 100 * rows["probability"].to_numpy().reshape(self.count, self.count)
        starts = np.cumsum(parts, axis=1) - parts
        for rank, shade in enumerate(self.shades):
            axes.barh(
                self.places, parts[:, rank], height=_BAR, left=starts[:, rank], color=shade, edgecolor="white",
                linewidth=0.5, zorder=2,
            )  # fmt: skip
            colour = "white" if rank < 0.3 * (self.count - 1) or self.count == 1 else style.INK
            for place, start, part in zip(self.places, starts[:, rank], parts[:, rank], strict=True):
                text = _percent(part / 100)
                if typesetting.text_width(text, self.size) + 4 <= part / 100 * wide:
                    x = left + (start + part / 2) / 100 * wide
                    self.page.text(x, top + place + 0.36 * self.size, text, self.size, colour=colour, align="center")

    def _legend(self) -> list[list[tuple[int, str, float]]]:
        """Ranks and their words on as many lines as they need."""
        rows: list[list[tuple[int, str, float]]] = [[]]
        for rank in range(self.count):
            end = " (greatest impact)" if rank == 0 else " (least)" if rank == self.count - 1 else ""
            said = f"{'rank ' if rank == 0 else ''}{rank + 1}{end}"
            wide = typesetting.text_width(said, self.size) + 3.2 * self.size
            if rows[-1] and sum(entry[-1] for entry in rows[-1]) + wide > self.width - 2 * MARGIN:
                rows.append([])
            rows[-1].append((rank, said, wide))
        return rows

    def _draw_legend(self, rows: Sequence[Sequence[tuple[int, str, float]]], top: float) -> None:
        size = self.size
        for i, entries in enumerate(rows):
            x, y = MARGIN, top + (i + 0.8) * 1.25 * self.line
            for rank, said, wide in entries:
                self.page.mark([x, x + 1.3 * size], [y - 0.36 * size] * 2, color=self.shades[rank], linewidth=7)
                self.page.text(x + 1.8 * size, y, said, size, colour=style.GREY)
                x += wide


def _mixed(share: float) -> str:
    """A shade between the darkest and the palest."""
    dark, pale = np.array(to_rgb(style.BLUE)), np.array(to_rgb(_PALEST))
    return to_hex(tuple(dark + share * (pale - dark)))
