"""One look for every matplotlib picture: colours, letters, a page measured in points, and SVG that never differs.

Global settings of matplotlib are neither used nor changed, and pyplot is never loaded.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Affine2D
from numpy.typing import ArrayLike, NDArray

from bayescx.errors import FitError
from bayescx.fitted import Fit
from bayescx.plots.typesetting import LINE, families, ignore_missing_glyphs, number, text_width

__all__ = [
    "BLUE", "FAINT", "GREY", "INK", "LIGHT", "MARGIN", "RED", "TITLE_SIZE", "VERMILLION", "Axes", "Floats", "Page",
    "body_size", "check_width", "notes_on", "segments", "themed", "ticks",
]  # fmt: skip

Floats = NDArray[np.floating[Any]]

# Okabe & Ito (2008): told apart with every kind of colour vision
BLUE, VERMILLION = "#0072B2", "#D55E00"
INK, GREY, LIGHT, FAINT = "#1A1A1A", "#666666", "#B3B3B3", "#E4E4E4"
RED = "#B3261E"

MARGIN = 4.0
TITLE_SIZE = 10.0
NARROWEST, WIDEST = 3.8, 12.0

_POINTS = 72.0
# Letters are measured in DejaVu Sans, which comes with matplotlib and is wider than these: no browser needs more room
_SVG_FAMILY = "Arial, 'Liberation Sans', Helvetica, 'DejaVu Sans', sans-serif"
_FAMILY_IN_SVG = re.compile(r'(<text style="[^"]*?font-family: )[^;"]+')
_OUTLINE = re.compile(r'<path [^>]*?\bd="[^"]*"')
_DIGITS = re.compile(r"(\.\d\d)\d+")  # hundredths of a point are plenty
_NO_ROTATION = re.compile(r'(<text [^>]*?) transform="rotate\(-0 [^"]*\)"')


def _settings() -> dict[str, Any]:
    return {
        "axes.edgecolor": GREY,
        "axes.facecolor": "none",
        "axes.linewidth": 0.6,
        "font.family": families(),
        "lines.solid_capstyle": "butt",
        "pdf.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": "bayescx",
        "text.parse_math": False,  # names of constructs and organizations are text, whatever they contain
        "xtick.color": GREY,
        "xtick.labelcolor": INK,
        "xtick.major.size": 2.5,
        "xtick.major.width": 0.6,
    }


@contextmanager
def themed() -> Iterator[None]:
    """Draw with our settings on top of matplotlib's defaults, and without warnings about letters no font has."""
    with matplotlib.style.context(["default", _settings()]), warnings.catch_warnings():
        ignore_missing_glyphs()
        yield


class _ThemedFigure(Figure):
    """A figure that looks the same whoever draws it, whenever."""

    def draw(self, renderer: Any) -> None:
        with themed():
            super().draw(renderer)

    def savefig(self, fname: Any, *, transparent: bool | None = None, **kwargs: Any) -> None:
        with themed():
            super().savefig(fname, transparent=transparent, **kwargs)


class Page:
    """A sheet measured in points (1/72 inch), from its upper left corner; y runs down and names baselines of text.

    To be made and drawn on inside ``themed()``.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure: Figure = _ThemedFigure(figsize=(width / _POINTS, height / _POINTS))
        flip = Affine2D().scale(1 / _POINTS, -1 / _POINTS).translate(0, height / _POINTS)
        self._points = flip + self.figure.dpi_scale_trans

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        colour: str = INK,
        align: Literal["left", "center", "right"] = "left",
        weight: str = "normal",
    ) -> None:
        """Write one line, never as mathematics."""
        self.figure.text(
            x, y, text, transform=self._points, fontsize=size, color=colour, ha=align, va="baseline",
            fontweight=weight, parse_math=False,
        )  # fmt: skip

    def lines(self, x: float, y: float, lines: Sequence[str], size: float, **how: Any) -> float:
        """Write lines below each other; return the height that they take."""
        for i, line in enumerate(lines):
            self.text(x, y + (i + 0.8) * size * LINE, line, size, **how)
        return len(lines) * size * LINE

    def mark(self, x: Sequence[float], y: Sequence[float], **how: Any) -> None:
        """Draw a line or markers outside the axes."""
        self.figure.add_artist(Line2D(x, y, transform=self._points, **how))

    def axes(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        limits: tuple[float, float],
        size: float,
        *,
        labelled: bool = True,
    ) -> Axes:
        """Axes whose vertical unit is the point, counted down from the upper edge; with ticks, or bare."""
        box = (x / self.width, 1 - (y + height) / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(box, xlim=limits, ylim=(height, 0), yticks=[])
        axes.spines[["left", "right", "top"]].set_visible(False)
        places, labels = ticks(*limits, width, size) if labelled else ([], [])
        axes.set_xticks(places, labels, fontsize=size, parse_math=False)
        return axes

    def svg(self) -> str:
        """The page as an SVG document: the same text for the same page."""
        buffer = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        self.figure.savefig(buffer, format="svg", metadata=nothing)
        svg = _NO_ROTATION.sub(r"\1", _FAMILY_IN_SVG.sub(rf"\1{_SVG_FAMILY}", buffer.getvalue()))
        svg = _OUTLINE.sub(lambda path: _DIGITS.sub(r"\1", path[0]), svg)
        return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def ticks(low: float, high: float, width: float, size: float) -> tuple[list[float], list[str]]:
    """As many round numbers between the limits as have room beside each other; at least one."""
    places: list[float] = []
    labels: list[str] = []
    for most in (6, 5, 4, 3, 2, 1):
        found = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10], min_n_ticks=1).tick_values(low, high)
        step = float(found[1] - found[0])
        places = [float(value) for value in found if low - 1e-6 * step <= value <= high + 1e-6 * step]
        decimals = next((d for d in range(11) if math.isclose(step, round(step, d), rel_tol=1e-6)), 11)
        labels = [number(value, decimals) for value in places]
        needed = max((text_width(label, size) for label in labels), default=width) + 0.7 * size
        if needed <= width * step / (high - low):
            return places, labels
    middle = len(places) // 2
    return places[middle : middle + 1], labels[middle : middle + 1]


def check_width(width: object) -> float:
    """Inches to points.

    Raises
    ------
    FitError
        If it is no number of inches that the pictures are made for.
    """
    number_like = isinstance(width, int | float | np.number) and not isinstance(width, bool)
    if not number_like or not NARROWEST <= float(width) <= WIDEST:  # type: ignore[arg-type]
        raise FitError(f"width must lie between {NARROWEST:g} and {WIDEST:g} inches, found {width!r}")
    return float(width) * _POINTS  # type: ignore[arg-type]


def notes_on(fit: Fit) -> list[tuple[str, str]]:
    """What a reader must know before using a picture of this fit, each with its colour."""
    notes = []
    if fit.provenance.get("convergence_problems"):
        notes.append(("Not converged: do not report", RED))
    if fit.evidence.simulated:
        notes.append(("Simulated data", GREY))
    return notes


def body_size(width: float) -> float:
    """Size of letters on a page of so many points."""
    return 7.5 if width < 5.5 * _POINTS else 8.0


def segments(x: ArrayLike, y: ArrayLike, x_end: ArrayLike, y_end: ArrayLike) -> tuple[Floats, Floats]:
    """Straight pieces as one line with gaps: one element of SVG instead of many."""
    gap = np.full(np.shape(x), np.nan)
    return np.stack([x, x_end, gap], axis=-1).ravel(), np.stack([y, y_end, gap], axis=-1).ravel()
