"""k of N: the interval of the average of the N planned after each organization's report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from bayescx.errors import FitError
from bayescx.estimands.effects import RAW_UNITS, STANDARDIZED_UNITS
from bayescx.estimands.margin import AS_REPORTED, margin_by_reporting
from bayescx.estimands.quantity import QuantityName
from bayescx.fitted import Fit
from bayescx.plots import style, typesetting
from bayescx.plots.picture import Picture
from bayescx.plots.style import MARGIN, Floats
from bayescx.plots.typesetting import LINE
from bayescx.wording import count, interval_name, numbers, numeral

__all__ = ["plot_margin"]

_HEIGHT = 0.42  # of the axes, in widths of the page
_BESIDE = 0.45  # of the axes, left of no report and right of the last planned
_LEAST_SHOWN = 20  # places at the axis, where so many are planned
_BEFORE_ANY = 2.0  # the priors' interval is drawn in full unless it is so many times wider than the first one
_FIGURES = {"mean", "lower", "upper", "sd"}
_FACTS = {"words", "units", "ci_prob", "n_planned", "simulated", "converged"}
_SHORT_UNITS = {STANDARDIZED_UNITS: "SD per SD", RAW_UNITS: "in the data's units"}


def plot_margin(
    margin: xr.Dataset | Fit,
    quantity: QuantityName | None = None,
    *,
    orders: int = 8,
    ci_prob: float = 0.95,
    standardized: bool = True,
    random_seed: int | None = None,
    progressbar: bool = True,
    width: float = 6.5,
) -> Picture:
    """Draw how the interval of the average of the N planned shrinks as organizations report.

    The band is the interval after 1, 2, … organizations in the order in which they reported; thin lines are its ends on
    average over other orders; what the priors alone say stands at 0. The latest answer is marked.

    Parameters
    ----------
    margin : Dataset or Fit
        What ``margin_by_reporting`` returned, which is drawn at once; or a fit, which is first handed to it with the
        arguments that follow: that takes many refits.
    quantity : str or tuple, optional
        For a fit only: ``"outcome~cause"``, ``("total", cause, outcome)``, ``("indirect", cause, outcome)`` or
        ``("r_squared", outcome)``.
    orders, ci_prob, standardized, random_seed, progressbar
        For a fit only: as in ``margin_by_reporting``.
    width : float
        Inches, from 3.8 to 12.

    Returns
    -------
    Picture
        Its ``data`` has one row per order and number of reports: order, reported, joined (who reported last), mean,
        lower, upper, sd.

    Raises
    ------
    FitError
        If ``margin`` is neither, a fit comes without a quantity, or a setting is none that can be drawn.

    Examples
    --------
    >>> from bayescx.plots.margin import plot_margin
    >>> picture = plot_margin(fit, "loyalty~trust", orders=0, progressbar=False)
    >>> picture.title
    'How sure are we of the average of the six? Direct effect of trust on loyalty'
    """
    points = style.check_width(width)
    if isinstance(margin, Fit):
        if quantity is None:
            raise FitError('say which quantity of the fit: plot_margin(fit, "outcome~cause")')
        margin = margin_by_reporting(
            margin, quantity, orders=orders, ci_prob=ci_prob, standardized=standardized, random_seed=random_seed,
            progressbar=progressbar,
        )  # fmt: skip
    elif quantity is not None:
        raise FitError("a quantity is asked of a fit: plot_margin(fit, quantity), or plot_margin(margin) without one")
    _check(margin)
    data = margin.to_dataframe(dim_order=["order", "reported"]).reset_index()
    data = data[["order", "reported", "joined", "mean", "lower", "upper", "sd"]]
    words = _Words(data, margin.attrs)
    with style.themed():
        page = _Drawing(words, points).draw()
        return Picture(words.title, words.description, data, page.svg(), page.figure)


def _check(margin: object) -> None:
    known = isinstance(margin, xr.Dataset) and set(margin.data_vars) >= _FIGURES and set(margin.attrs) >= _FACTS
    if not known:
        found = "a Dataset without its variables" if isinstance(margin, xr.Dataset) else type(margin).__name__
        raise FitError(
            f"plot_margin draws what margin_by_reporting(fit, quantity) returned, or a fit; found {found}. "
            'This works: plot_margin(fit, "outcome~cause")'
        )


class _Words:
    """What the picture says in words and figures."""

    def __init__(self, data: pd.DataFrame, facts: Any) -> None:
        self.data, self.facts = data, facts
        self.real = data[data["order"] == AS_REPORTED].set_index("reported")
        self.last, self.planned = int(self.real.index[-1]), int(facts["n_planned"])
        self.others = data.loc[data["order"] != AS_REPORTED, "order"].nunique()
        self.quantity = typesetting.clean(str(facts["words"]))

    @property
    def question(self) -> str:
        whom = "the only organization" if self.planned == 1 else f"the average of the {numeral(self.planned)}"
        return f"How sure are we of {whom}?"

    @property
    def title(self) -> str:
        return f"{self.question} {self.quantity[:1].upper()}{self.quantity[1:]}"

    @property
    def subtitle(self) -> tuple[str, str]:
        """The quantity, and what it is measured in."""
        units = _SHORT_UNITS.get(str(self.facts["units"]), str(self.facts["units"]))
        return f"{self.quantity[:1].upper()}{self.quantity[1:]}", f"{interval_name(self.facts['ci_prob'])}, {units}"

    @property
    def notes(self) -> list[tuple[str, str]]:
        notes = [] if self.facts["converged"] else [("Not converged: do not report", style.RED)]
        if failed := int(self.facts.get("not_converged", 0)):
            notes.append((f"{failed} of {self.facts['refits']} refits not converged: approximate", style.RED))
        return [*notes, ("Simulated data", style.GREY)] if self.facts["simulated"] else notes

    def interval(self, k: int) -> str:
        """The interval after k reports, with decimals that all of them share."""
        ends = self.real.loc[[k, *self.real.index[self.real.index > 0]], ["lower", "upper"]].to_numpy().ravel()
        low, high, *_ = numbers(*ends)
        return f"{low} to {high}"

    def after(self, k: int) -> str:
        return f"after {count(k)} of {count(self.planned)}: {self.interval(k)}"

    @property
    def description(self) -> str:
        what, measured = self.subtitle
        said = [self.after(int(k)) for k in self.real.index if k > 0]
        if 0 in self.real.index:
            said.insert(0, f"by the priors alone: {self.interval(0)}")
        return " ".join([f"{what} ({measured}),", f"{'; '.join(said)}.", *(f"{note}." for note, _ in self.notes)])


class _Callout(NamedTuple):
    """A line of text above the axes, whose leader falls on ``x``."""

    x: float
    left: float
    text: str
    reported: int


class _Drawing:
    """Places everything on a page, and draws it."""

    def __init__(self, words: _Words, width: float) -> None:
        self.words, self.width = words, width
        self.size = style.body_size(width)
        self.line = LINE * self.size
        self.real = words.real
        self.others = words.data[words.data["order"] != AS_REPORTED]
        self.limits = self._limits()
        self.height = _HEIGHT * min(width, 6.5 * 72)
        self.ticks = style.ticks(*self.limits, 2.2 * self.height, self.size)
        labels = max(typesetting.text_width(label, self.size) for label in self.ticks[1])
        self.end = min(words.planned, max(_LEAST_SHOWN, 4 * words.last))  # where N is far away, it is only named
        self.across = (-_BESIDE, self.end + _BESIDE)
        self.left = MARGIN + labels + 8
        half = typesetting.text_width(count(self.end), self.size) / 2
        pitch = (width - MARGIN - self.left) / (self.end + 2 * _BESIDE)
        self.right = width - MARGIN - max(2.0, half - _BESIDE * pitch)

    def _limits(self) -> tuple[float, float]:
        """Range of the values: every interval, but the priors' only if it leaves the others room."""
        shown = pd.concat([self.real, self.others.set_index("reported")])
        after = shown[shown.index > 0]
        rows = after
        if 0 in self.real.index:
            prior = self.real.loc[0]
            first = float((after["upper"] - after["lower"]).max())
            if prior["upper"] - prior["lower"] <= _BEFORE_ANY * first:
                rows = shown
        low, high = float(rows["lower"].min()), float(rows["upper"].max())
        pad = 0.06 * (high - low) or max(0.1 * abs(high), 0.1)
        return low - pad, high + pad

    def at(self, reported: float) -> float:
        """Place of a number of reports on the page."""
        low, high = self.across
        return self.left + (reported - low) / (high - low) * (self.right - self.left)

    def draw(self) -> style.Page:
        words, room = self.words, self.width - 2 * MARGIN
        what, measured = words.subtitle
        heading = typesetting.wrap(words.question, room, style.TITLE_SIZE, weight="bold")
        lines = [*typesetting.wrap(what, room, self.size), typesetting.shorten(measured, room, self.size)]
        legend = self._legend(room)
        top = MARGIN + len(heading) * LINE * style.TITLE_SIZE + (len(lines) + len(words.notes)) * self.line + 6
        self.callouts_at, self.top = top, top + self.line + 6
        below = self.top + self.height + self.line + 8
        self.page = style.Page(self.width, below + self.line + 7 + len(legend) * 1.2 * self.line + MARGIN)
        y = MARGIN + self.page.lines(MARGIN, MARGIN, heading, style.TITLE_SIZE, weight="bold")
        y += self.page.lines(MARGIN, y, lines, self.size)
        for note, colour in words.notes:
            y += self.page.lines(MARGIN, y, [note], self.size, colour=colour)
        self._draw_axes()
        self._draw_answers()
        self._draw_callouts()
        label = typesetting.wrap(self._label, room, self.size, 1)
        half = typesetting.text_width(label[0], self.size) / 2
        middle = float(np.clip((self.left + self.right) / 2, MARGIN + half, self.width - MARGIN - half))
        self.page.lines(middle, below, label, self.size, align="center")
        self._draw_legend(legend, below + self.line + 7)
        return self.page

    @property
    def _label(self) -> str:
        return f"organizations that have reported, of {count(self.words.planned)} planned"

    def _draw_axes(self) -> None:
        box = (self.left, self.top, self.right - self.left, self.height)
        self.axes = self.page.axes(*box, self.across, self.size, labelled=False)
        self.axes.set_ylim(*self.limits)
        places, labels = self.ticks
        how: dict[str, Any] = {"fontsize": self.size, "parse_math": False}
        self.axes.set_yticks(places, labels, color=style.INK, **how)
        self.axes.tick_params(axis="y", length=0)
        counts = _counts(self.end, (self.right - self.left) / (self.end + 2 * _BESIDE), self.size)
        self.axes.set_xticks(counts, [count(one) for one in counts], **how)
        self.axes.hlines(places, *self.across, color=style.FAINT, linewidth=0.6, zorder=0)
        if self.limits[0] < 0 < self.limits[1]:
            self.axes.axhline(0, color=style.GREY, linewidth=0.8, zorder=1)

    def _draw_answers(self) -> None:
        after = self.real[self.real.index > 0]
        x = after.index.to_numpy(dtype=float)
        if len(after) > 1:
            self.axes.fill_between(
                x, after["lower"], after["upper"], color=style.BLUE, alpha=0.2, linewidth=0, zorder=2
            )
        self._draw_bars(x[:-1], after[:-1], style.BLUE, 0.7)
        self.axes.plot(x, after["mean"], color=style.BLUE, linewidth=1.0, zorder=4)
        self.axes.plot(x[:-1], after["mean"][:-1], "o", color=style.BLUE, markersize=3.2, zorder=5)
        if len(self.others):
            others = self.others[self.others["reported"] > 0].groupby("reported")[["lower", "upper"]].mean()
            for end in ("lower", "upper"):
                self.axes.plot(others.index, others[end], color=style.GREY, linewidth=0.8, zorder=3)
        if 0 in self.real.index:
            self._draw_bars(np.zeros(1), self.real.loc[[0]], style.LIGHT, 2.2)
        last = after.iloc[-1]
        self.axes.hlines(last["mean"], *self.across, color=style.VERMILLION, linewidth=0.7, alpha=0.45, zorder=1)
        self._draw_bars(x[-1:], after[-1:], style.VERMILLION, 2.2)
        self.axes.plot(x[-1:], [last["mean"]], "D", color=style.VERMILLION, markersize=5.0, zorder=7, clip_on=False)

    def _draw_bars(self, x: Floats, rows: pd.DataFrame, colour: str, line: float) -> None:
        """Upright intervals; one that leaves the axes ends in an arrow."""
        low, high = self.limits
        lower, upper = (np.clip(rows[end].to_numpy(), low, high) for end in ("lower", "upper"))
        self.axes.plot(*style.segments(x, lower, x, upper), color=colour, linewidth=line, zorder=3)
        for beyond, edge, marker in ((rows["lower"] < low, low, "v"), (rows["upper"] > high, high, "^")):
            if (where := x[beyond.to_numpy()]).size:
                arrow: dict[str, Any] = {"marker": marker, "markersize": 4.5, "clip_on": False, "zorder": 5}
                self.axes.plot(where, np.full(where.size, edge), color=colour, linestyle="none", **arrow)

    def _callouts(self) -> list[_Callout]:
        """The latest answer, an early one, and one between them, as far as there is room."""
        known = [int(k) for k in self.real.index if k > 0]
        chosen = self._placed(known[-1:])
        for more in (known[max(0, min(1, len(known) - 2))], known[len(known) // 2]):
            ks = sorted({*(one.reported for one in chosen), more})
            chosen = self._placed(ks) or chosen
        return chosen

    def _placed(self, ks: Sequence[int]) -> list[_Callout]:
        """Texts beside each other, each above its place; none if that cannot be."""
        texts = [self.words.after(k) for k in ks]
        wide = [typesetting.text_width(text, self.size, self._weight(k)) for k, text in zip(ks, texts, strict=True)]
        x, gap, end = [self.at(k) for k in ks], 1.5 * self.size, self.width - MARGIN
        starts: list[float] = []
        for place, width in zip(x, wide, strict=True):
            free = starts[-1] + wide[len(starts) - 1] + gap if starts else MARGIN
            starts.append(max(free, place - width / 2))
        for i in reversed(range(len(ks))):
            starts[i] = min(starts[i], end - wide[i])
            end = starts[i] - gap
        fits = [
            start >= MARGIN - 0.01 and start - 0.01 <= place <= start + width + 0.01
            for start, place, width in zip(starts, x, wide, strict=True)
        ]
        if not all(fits) and len(ks) > 1:
            return []
        return [_Callout(*one) for one in zip(x, starts, texts, ks, strict=True)]

    def _weight(self, reported: int) -> str:
        return "bold" if reported == self.words.last else "normal"

    def _draw_callouts(self) -> None:
        low, high = self.limits
        for one in self._callouts():
            colour = style.VERMILLION if one.reported == self.words.last else style.BLUE
            weight = self._weight(one.reported)
            self.page.lines(one.left, self.callouts_at, [one.text], self.size, weight=weight)
            upper = float(self.real["upper"].loc[one.reported])
            end = self.top + (high - upper) / (high - low) * self.height
            leader = (self.callouts_at + self.line, end)
            self.page.mark((one.x, one.x), leader, color=colour, linewidth=0.6, linestyle=(0, (2, 2)))

    def _legend(self, room: float) -> list[list[tuple[str, str, float]]]:
        """Entries (kind, words, width) on as many lines as they need."""
        words = self.words
        entries = [("latest", f"answer after {count(words.last)} of {count(words.planned)}")]
        if words.last > 1:
            entries.insert(0, ("band", "in the order of their reports"))
        if words.others:
            entries.append(("others", f"ends on average over {words.others} other order{'s'[: words.others != 1]}"))
        if 0 in self.real.index:
            entries.append(("prior", f"by the priors alone: {words.interval(0)}"))
        rows: list[list[tuple[str, str, float]]] = [[]]
        for kind, said in entries:
            wide = typesetting.text_width(said, self.size) + 4.2 * self.size
            if rows[-1] and sum(entry[-1] for entry in rows[-1]) + wide > room:
                rows.append([])
            rows[-1].append((kind, said, wide))
        return rows

    def _draw_legend(self, rows: Sequence[Sequence[tuple[str, str, float]]], top: float) -> None:
        size = self.size
        looks: dict[str, dict[str, Any]] = {
            "band": {"color": style.BLUE, "alpha": 0.2, "linewidth": 7},
            "others": {"color": style.GREY, "linewidth": 0.8},
            "prior": {"color": style.LIGHT, "linewidth": 2.2},
        }
        for i, entries in enumerate(rows):
            x, y = MARGIN, top + (i + 0.8) * 1.2 * self.line
            for kind, said, wide in entries:
                middle = y - 0.36 * size
                if kind == "latest":
                    how = {"marker": "D", "markersize": 5.0, "color": style.VERMILLION, "linestyle": "none"}
                    self.page.mark([x + 0.8 * size], [middle], **how)
                else:
                    self.page.mark([x, x + 1.6 * size], [middle] * 2, **looks[kind])
                    if kind == "band":
                        self.page.mark([x, x + 1.6 * size], [middle] * 2, color=style.BLUE, linewidth=1.0)
                self.page.text(x + 2.2 * size, y, said, size, colour=style.GREY)
                x += wide


def _counts(end: int, pitch: float, size: float) -> list[int]:
    """Numbers of reports that are named at the axis: as many round ones as have room."""
    needed = typesetting.text_width(count(end), size) + 0.8 * size
    step = next(step for decade in range(9) for part in (1, 2, 5) if (step := part * 10**decade) * pitch >= needed)
    return list(range(0, end + 1, step))
