"""What explains one outcome and what another: for each group of predictors its part in both, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from bayescx._names import OUTCOME
from bayescx.errors import FitError
from bayescx.estimands import r_squared, summarize
from bayescx.estimands.grouping import Groups
from bayescx.estimands.population import Target
from bayescx.estimands.share_differences import share_differences, shared_groups
from bayescx.estimands.shares import GROUP, METHODS, ShareMethod
from bayescx.fitted import Fit
from bayescx.plots import style, typesetting
from bayescx.plots.picture import Picture
from bayescx.plots.style import MARGIN
from bayescx.plots.typesetting import LINE
from bayescx.wording import interval_name, target_words

__all__ = ["plot_share_pairs"]

_TARGETS = ("average", "typical", "new")
_LOOKS = ((style.BLUE, "o", 4.6), (style.VERMILLION, "D", 4.2))  # of the first outcome and of the second
_AIR = 6.0  # points between rows
_INSIDE = 8  # lines at most that say what is in a group
_COLUMNS = ["what", GROUP, OUTCOME, "predictors", "mean", "sd", "lower", "upper", "larger_in_first"]


def plot_share_pairs(
    fit: Fit,
    outcomes: Sequence[str],
    groups: Groups | None = None,
    method: ShareMethod = "lmg",
    *,
    target: Target = "average",
    ci_prob: float = 0.95,
    width: float = 6.5,
) -> Picture:
    """Draw how large a part each group of predictors has in what is explained of two outcomes.

    One row per group, the largest part in the first outcome first: a disc for the first outcome, a diamond for the
    second, each with its interval and its figure, and a line from one to the other.

    Parameters
    ----------
    fit : Fit
    outcomes : sequence of str
        Two outcomes.
    groups : mapping of str to iterable of str, optional
        As in ``share_differences``: names of groups, each with its predictors or the columns that they are coded from.
    method : {"lmg", "pratt"}
        As in ``explained_shares``.
    target : {"average", "typical", "new"}
        Whom the answer is about: the mean over the N planned, the population centre, one more organization.
    ci_prob : float
        Probability of the equal-tailed intervals.
    width : float
        Inches, from 3.8 to 12.

    Returns
    -------
    Picture
        Its ``data`` has one row per group and outcome, and one per outcome for R-squared: what ("share" or
        "r_squared"), group, outcome, predictors, mean, sd, lower, upper, and larger_in_first, the probability that the
        group's part is the larger in the first outcome. Shares run from 0 to 1; the picture shows per cent.

    Raises
    ------
    FitError
        As ``share_differences``; or if the target is no population.

    Examples
    --------
    >>> picture = plot_share_pairs(fit, ["loyalty", "trust"])
    >>> picture.data[["group", "outcome"]].values.tolist()[:2]
    [['trust', 'loyalty'], ['trust', 'trust']]
    """
    points = style.check_width(width)
    if target not in _TARGETS:
        raise FitError(
            f"a picture of shares speaks of a population, found target {target!r}; use {', '.join(_TARGETS)}"
        )
    data = _table(fit, outcomes, groups, target, method, ci_prob)
    words = _Words(fit, data, shared_groups(fit, outcomes, groups), target, method, ci_prob)
    with style.themed():
        page = _Pairs(words, points).draw()
        return Picture(words.title, words.description, data, page.svg(), page.figure)


def _table(
    fit: Fit,
    outcomes: Sequence[str],
    groups: Groups | None,
    target: Target,
    method: ShareMethod,
    ci_prob: float,
) -> pd.DataFrame:
    found = share_differences(fit, outcomes, groups, target, method)
    both = found[OUTCOME].values.tolist()
    larger = dict(zip(found[GROUP].values.tolist(), found["larger_in_first"].values.tolist(), strict=True))
    order = found["share"].sel({OUTCOME: both[0]}).mean(("chain", "draw")).values
    groups_in_order = found[GROUP].values[np.argsort(-order, kind="stable")]
    share = found["share"].sel({GROUP: groups_in_order}).transpose(..., GROUP, OUTCOME)
    terms = share["predictors"].transpose(GROUP, OUTCOME).values.ravel()
    parts = summarize(share, ci_prob, kind="stats").assign(what="share", predictors=terms)
    parts["larger_in_first"] = parts[GROUP].map(larger)
    whole = summarize(r_squared(fit, target).sel({OUTCOME: both}), ci_prob, kind="stats")
    whole = whole.assign(what="r_squared", predictors="", larger_in_first=np.nan, **{GROUP: ""})
    table = pd.concat([parts, whole], ignore_index=True)
    lower, upper = (column for column in table if str(column).startswith("eti"))
    return table.rename(columns={lower: "lower", upper: "upper"})[_COLUMNS]


@dataclass(frozen=True)
class _Words:
    """What the picture says in words and figures."""

    fit: Fit
    data: pd.DataFrame
    members: dict[str, dict[str, list[str]]]
    target: str
    method: str
    ci_prob: float

    def said(self, name: str) -> str:
        return typesetting.clean(self.fit.model.in_words(name))

    @cached_property
    def parts(self) -> pd.DataFrame:
        return self.data[self.data["what"] == "share"]

    @cached_property
    def whole(self) -> pd.DataFrame:
        """R-squared of the first outcome and of the second."""
        return self.data[self.data["what"] == "r_squared"]

    @cached_property
    def outcomes(self) -> list[str]:
        return [self.said(name) for name in self.members]

    @cached_property
    def groups(self) -> list[str]:
        """In the order of the rows."""
        return list(dict.fromkeys(self.parts[GROUP]))

    def pair(self, group: str) -> pd.DataFrame:
        """Its part in the first outcome and in the second."""
        return self.parts[self.parts[GROUP] == group]

    def columns(self, group: str) -> list[str]:
        """What the terms of a group come from, each once."""
        coded = self.fit.model.coded
        terms = [term for own in self.members.values() for term in own.get(group, [])]
        return list(dict.fromkeys(coded[term].column if term in coded else term for term in terms))

    def name(self, group: str) -> str:
        """A single column in words; a group as it was named."""
        return self.said(group) if self.columns(group) == [group] else typesetting.clean(group)

    def inside(self, group: str) -> str:
        """The columns of a group, in words; nothing for a column by itself."""
        columns = self.columns(group)
        return "" if columns == [group] else ", ".join(self.said(name) for name in columns)

    @cached_property
    def decimals(self) -> int:
        """Of per cents: a second digit of an interval's width would be noise here."""
        widths = (100 * (self.parts["upper"] - self.parts["lower"])).tolist()
        return int(np.clip(typesetting.decimals_for(widths) - 1, 0, 1))

    def figure(self, row: pd.Series) -> str:
        mean, lower, upper = (typesetting.number(100 * row[one], self.decimals) for one in ("mean", "lower", "upper"))
        return f"{mean}\u00a0% [{lower}, {upper}]"

    @property
    def title(self) -> str:
        first, second = self.outcomes
        return f"What explains {first}, and what {second}?"

    def sentence(self, room: float = np.inf, size: float = 8.0) -> str:
        """The largest part in the first outcome; each name takes no more room than this."""
        group = self.groups[0]
        names = [typesetting.shorten(name, room, size) for name in (self.name(group), *self.outcomes)]
        one, other = (f"{typesetting.number(100 * mean, 0)}\u00a0%" for mean in self.pair(group)["mean"])
        return f"{names[0]} makes up {one} of what is explained of {names[1]} and {other} of {names[2]}"

    @property
    def notes(self) -> list[tuple[str, str]]:
        """What a reader must know first, each with its colour."""
        whom = f"{target_words(self.fit, self.target)}, mean and {interval_name(self.ci_prob)}"
        how = f"{METHODS[self.method]} shares of R-squared"
        one, other = (typesetting.interval(row, 2).replace(" ", "\u00a0") for _, row in self.whole.iterrows())
        notes = [(whom, style.GREY), (f"{how}, which is {one} and {other}", style.GREY)]
        if self.method == "pratt" and (self.parts["lower"] < 0).any():
            said = "Below 0, path and correlation have opposite signs (suppression): no share of anything"
            notes.append((said, style.VERMILLION if (self.parts["mean"] < 0).any() else style.GREY))
        return [*notes, *style.notes_on(self.fit)]

    @property
    def description(self) -> str:
        """The main numbers for those who cannot see them."""
        said = []
        for group in self.groups:
            told = zip(self.outcomes, self.pair(group).iterrows(), strict=True)
            said.append(f"{self.name(group)}: " + ", ".join(f"{name} {self.figure(row)}" for name, (_, row) in told))
        notes = [note for note, _ in self.notes]
        return " ".join(f"{one}." for one in (self.sentence(), f"Of what is explained, {notes[0]}", *said, *notes[1:]))


class _Pairs:
    """Places rows of pairs on a page, and draws them."""

    def __init__(self, words: _Words, width: float) -> None:
        self.words, self.width = words, width
        self.size = style.body_size(width)
        self.line = LINE * self.size
        self.pairs = [words.pair(group) for group in words.groups]
        self.figures = [[words.figure(row) for _, row in rows.iterrows()] for rows in self.pairs]
        names = [words.name(group) for group in words.groups]
        inside = [words.inside(group) for group in words.groups]
        room = width - 2 * MARGIN
        self.figure_width = max(typesetting.text_width(text, self.size) for both in self.figures for text in both)
        needed = max(typesetting.text_width(text, self.size) for text in (*names, *inside))
        self.name_width = min(needed, 0.36 * room, room - self.figure_width - 2 * self.size - 60)
        self.names = [typesetting.wrap(name, self.name_width, self.size) for name in names]
        self.inside = [typesetting.wrap(one, self.name_width, self.size, _INSIDE) if one else [] for one in inside]
        lines = np.array([len(name) + len(one) for name, one in zip(self.names, self.inside, strict=True)])
        heights = np.maximum(lines, 2) * self.line + _AIR
        edges = np.cumsum(heights)
        self.height = float(edges[-1])
        self.lanes = (edges - heights / 2)[:, None] + self.line / 2 * np.array([-1.0, 1.0])

    def draw(self) -> style.Page:
        words, room, size = self.words, self.width - 2 * MARGIN, self.size
        heading = typesetting.wrap(words.title, room, style.TITLE_SIZE, weight="bold")
        notes = [(words.sentence(0.4 * room, size), style.INK), *words.notes]
        lines = [(line, colour) for note, colour in notes for line in typesetting.wrap(note, 0.97 * room, size, 3)]
        labels = MARGIN + len(heading) * LINE * style.TITLE_SIZE + len(lines) * self.line + 6
        top = labels + 2 * self.line + 3
        label_top = top + self.height + self.line + 7
        self.page = style.Page(self.width, label_top + self.line + MARGIN)
        y = MARGIN + self.page.lines(MARGIN, MARGIN, heading, style.TITLE_SIZE, weight="bold")
        for line, colour in lines:
            y += self.page.lines(MARGIN, y, [line], size, colour=colour)
        self.left, self.right = MARGIN + self.name_width + size, self.width - MARGIN - self.figure_width - size
        self.limits = self._limits()
        self._draw_labels(labels)
        self._draw_texts(top)
        self._draw_marks(self.page.axes(self.left, top, self.right - self.left, self.height, self.limits, size))
        label = "share of what is explained (%)"
        half = typesetting.text_width(label, size) / 2
        middle = float(np.clip((self.left + self.right) / 2, MARGIN + half, self.width - MARGIN - half))
        self.page.lines(middle, label_top, [label], size, align="center")
        return self.page

    def _limits(self) -> tuple[float, float]:
        """Nothing is always in sight: a share is read by its distance from there."""
        parts = self.words.parts
        low, high = min(0.0, 100 * float(parts["lower"].min())), max(0.0, 100 * float(parts["upper"].max()))
        pad = 0.04 * (high - low) or 1.0
        return low - pad, high + pad

    def _draw_labels(self, top: float) -> None:
        """Each outcome's mark and name, above its mark in the first row."""
        low, high = self.limits
        lead = 1.2 * self.size
        for i, (said, (colour, marker, large)) in enumerate(zip(self.words.outcomes, _LOOKS, strict=True)):
            text = typesetting.shorten(said, 0.6 * self.width, self.size, "bold")
            wide = lead + 1.03 * typesetting.text_width(text, self.size, "bold")  # as drawn, a bit wider than measured
            at = (100 * float(self.pairs[0]["mean"].iloc[i]) - low) / (high - low)
            start = self.left + at * (self.right - self.left) - lead / 3
            start = float(np.clip(start, MARGIN, max(MARGIN, self.width - MARGIN - wide)))
            y = top + (i + 0.8) * self.line
            how = {"marker": marker, "markersize": large, "color": colour, "linestyle": "none"}
            self.page.mark([start + lead / 3], [y - 0.36 * self.size], **how)
            self.page.text(start + lead, y, text, self.size, colour=colour, weight="bold")

    def _draw_texts(self, top: float) -> None:
        rows = zip(self.lanes, self.names, self.inside, self.figures, strict=True)
        for lanes, name, inside, figures in rows:
            y = top + float(lanes.mean()) - (len(name) + len(inside)) * self.line / 2
            y += self.page.lines(MARGIN, y, name, self.size)
            self.page.lines(MARGIN, y, inside, self.size, colour=style.GREY)
            for lane, text, (colour, _, _) in zip(lanes, figures, _LOOKS, strict=True):
                at = top + float(lane) + 0.36 * self.size
                self.page.text(self.width - MARGIN, at, text, self.size, colour=colour, align="right")

    def _draw_marks(self, axes: style.Axes) -> None:
        axes.axvline(0, color=style.GREY, linewidth=0.8, zorder=1)
        first, second = (
            100 * pd.concat([rows.iloc[[i]] for rows in self.pairs])[["mean", "lower", "upper"]] for i in (0, 1)
        )
        joined = style.segments(first["mean"], self.lanes[:, 0], second["mean"], self.lanes[:, 1])
        axes.plot(*joined, color=style.LIGHT, linewidth=1.2, zorder=2)
        for lane, shares, (colour, marker, large) in zip(self.lanes.T, (first, second), _LOOKS, strict=True):
            axes.plot(
                *style.segments(shares["lower"], lane, shares["upper"], lane), color=colour, linewidth=1.1, zorder=3
            )
            axes.plot(shares["mean"], lane, linestyle="none", marker=marker, markersize=large, color=colour, zorder=4)
