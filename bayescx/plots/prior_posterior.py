"""Prior beside posterior: what the evidence said about each path, and what was known before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import ORGANIZATION, PATH, parameter_name
from bayescx.errors import FitError, did_you_mean
from bayescx.estimands.contraction import contraction, path_priors
from bayescx.estimands.system import layout_of
from bayescx.fitted import Fit
from bayescx.plots import style, typesetting
from bayescx.plots.picture import Picture
from bayescx.plots.typesetting import LINE
from bayescx.priors import Prior

__all__ = ["plot_prior_posterior"]

Floats = NDArray[np.float64]

_HEADINGS = {
    "beta_mu": "typical path (mu)",
    "beta_tau": "SD between organizations (tau)",
    "beta": "path",
}
_PATH_HEADINGS = {"full": "path (all organizations share it)", "none": "path (one curve per organization)"}
_BINS, _COARSE, _FAR, _FINE = 512, 61, 31, 61
_VISIBLE = 0.03
_FARTHEST = 400.0  # posterior SDs: a heavy-tailed prior would leave the posterior no room
_ENDS = (0.0005, 0.9995)  # quantiles between which a prior is shown
_STEEPEST = 1e6
_PANEL, _GUTTER, _WIDE = 34.0, 14.0, 5.5 * 72


def plot_prior_posterior(fit: Fit, parameters: Sequence[str] | None = None, *, width: float = 6.5) -> Picture:
    """Draw prior and posterior densities of population values, one row per path.

    Columns are the typical path (mu) and the SD between organizations (tau), on the common scale that the priors speak
    of. Without pooling there is one posterior per organization, with full pooling one for all: then the only column is
    the path itself. Every curve is drawn to the same height, because at equal areas a prior that was narrowed a
    hundredfold could not be seen: compare places and widths.

    Parameters
    ----------
    fit : Fit
    parameters : sequence of str, optional
        Paths such as ``"loyalty~trust"``; by default all that are free.
    width : float
        Inches, from 3.8 to 12.

    Returns
    -------
    Picture
        Its ``data`` has the curves: parameter, variable, x, prior, posterior (densities), organization (empty for
        population values) and contraction, 1 - variance of the posterior / variance of the prior. The picture says by
        how much the posterior's SD is smaller than the prior's.

    Raises
    ------
    FitError
        If a path is unknown or fixed, or there is no prior to compare with.

    Examples
    --------
    >>> import bayescx as bcx
    >>> from bayescx.plots import plot_prior_posterior
    >>> model = bcx.parse_model("trust ~ satisfaction; loyalty ~ trust + satisfaction")
    >>> rows = bcx.simulate(model, organizations=4, n_obs=100, random_seed=1).rows
    >>> evidence = bcx.Evidence.from_rows(rows, organization="organization")
    >>> picture = plot_prior_posterior(bcx.fit(model, evidence, random_seed=1, progressbar=False), ["loyalty~trust"])
    >>> picture.data["variable"].unique().tolist()
    ['beta_mu', 'beta_tau']
    """
    points = style.check_width(width)
    data = _table(fit, parameters)
    words = {name: _ends(fit, name) for name in data["parameter"].unique()}
    title = f"Prior and posterior of {len(words)} path{'s' if len(words) > 1 else ''}"
    with style.themed():
        page = _draw(fit, data, words, points)
        return Picture(title, _description(fit, data, words), data, page.svg(), page.figure)


def _ends(fit: Fit, name: str) -> tuple[str, str]:
    """Cause and outcome in words; a second-order factor causes its first-order ones."""
    lhs, rhs = re.split("=~|~", name, maxsplit=1)
    cause, outcome = (
        typesetting.clean(fit.model.in_words(one)) for one in ((lhs, rhs) if "=~" in name else (rhs, lhs))
    )
    label = next((row.label for row in fit.model.paths if row.name == name), None)
    equal = label is not None and len(fit.model.labels[label]) > 1
    return cause, f"{outcome} (all paths with label {label})" if equal else outcome


# ------------------------------------------------------------------------------------------------- the curves


@dataclass(frozen=True)
class _Pair:
    """The distribution of one quantity before the evidence, and its draws after it."""

    parameter: str
    organization: str
    prior: Any
    posterior: Floats
    contraction: float

    def reach(self, *, positive: bool) -> tuple[float, float]:
        """What the axis may show: both, unless the prior is so wide that the posterior would vanish."""
        low, high, sd = _range(self.posterior)
        first, last = (float(edge) for edge in self.prior.ppf(_ENDS))
        low = min(low - sd, max(first, low - _FARTHEST * sd))
        return 0.0 if positive else low, max(high + sd, min(last, high + _FARTHEST * sd))

    def curves(self, window: tuple[float, float], *, positive: bool) -> dict[str, Floats]:
        """Both densities on one grid, finer where the posterior is."""
        low, high, sd = _range(self.posterior)
        near = (0.0 if positive else low - sd, high + sd)
        first, last = (float(edge) for edge in np.quantile(self.posterior, [0.005, 0.995]))
        ranges = ((*window, _COARSE), (*near, _FAR), (first, last, _FINE))
        x = np.unique(np.concatenate([np.linspace(*one) for one in ranges]))
        before = np.minimum(self.prior.pdf(x), _STEEPEST)  # some are infinite at 0
        return {"x": x, "prior": before, "posterior": _density(self.posterior, near, x)}


def _range(draws: Floats) -> tuple[float, float, float]:
    return float(draws.min()), float(draws.max()), float(draws.std())


def _table(fit: Fit, parameters: Sequence[str] | None) -> pd.DataFrame:
    narrowed = contraction(fit)
    chosen = _chosen(fit, parameters)
    tables = []
    for variable, priors in path_priors(fit).items():
        positive = variable == "beta_tau"
        pairs = [pair for path in chosen for pair in _pairs(fit, variable, path, priors[path], narrowed[variable])]
        ends = [pair.reach(positive=positive) for pair in pairs]
        window = (min(low for low, _ in ends), max(high for _, high in ends))
        for pair in pairs:
            labels = {"parameter": pair.parameter, "variable": variable}
            rest = {"organization": pair.organization, "contraction": pair.contraction}
            tables.append(pd.DataFrame({**labels, **pair.curves(window, positive=positive), **rest}))
    return pd.concat(tables, ignore_index=True)


def _pairs(fit: Fit, variable: str, path: str, prior: Prior, share: xr.DataArray) -> Iterator[_Pair]:
    """The quantity itself, or one for each organization."""
    before = prior.distribution()
    after, share = fit.posterior[variable].sel({PATH: path}), share.sel({PATH: path})
    if ORGANIZATION not in after.dims:
        yield _Pair(path, "", before, after.values.ravel(), float(share))
        return
    for i, organization in enumerate(after[ORGANIZATION].values):
        here = {ORGANIZATION: i}
        yield _Pair(path, str(organization), before, after.isel(here).values.ravel(), float(share.isel(here)))


def _chosen(fit: Fit, parameters: Sequence[str] | None) -> list[str]:
    """Free paths by the names of their components; those that a label makes equal are one."""
    layout = layout_of(fit)
    known = {e.name: layout.components[e.component].name for e in layout.paths if e.component >= 0}
    free = {name: component for name, component in known.items() if component in fit.posterior[PATH].values}
    if parameters is None:
        return list(dict.fromkeys(free.values()))
    asked = [parameters] if isinstance(parameters, str) else list(parameters)
    if not asked:
        raise FitError(f"parameters is empty; name some of: {', '.join(free)}")
    for name in asked:
        if parameter_name(str(name)) not in free:
            hint = did_you_mean(str(name), free) or "."
            raise FitError(f"there is no free path {name!r}{hint} Free paths: {', '.join(free)}")
    return list(dict.fromkeys(free[parameter_name(str(name))] for name in asked))


def _density(draws: Floats, window: tuple[float, float], x: Floats) -> Floats:
    """Kernel density within a window, reflected at its ends; draws outside keep their share of the whole."""
    from arviz_stats.base import array_stats

    inside = draws[(draws >= window[0]) & (draws <= window[1])]
    if len(np.unique(inside)) < 2:
        return np.zeros_like(x)
    grid, density, _ = array_stats.kde(inside, custom_lims=window, bound_correction=True, grid_len=_BINS)
    step = grid[1] - grid[0]
    curve = np.interp(x, grid, density * len(inside) / len(draws))
    outside = (x < window[0] - step) | (x > window[1] + step)
    return np.where(outside, 0.0, curve)


# ------------------------------------------------------------------------------------------------ the picture


def _heading(fit: Fit, variable: str) -> str:
    return _PATH_HEADINGS[fit.pooling["paths"]] if variable == "beta" else _HEADINGS[variable]


def _narrowed(rows: pd.DataFrame) -> str:
    """How far the evidence narrowed the prior: by how much the posterior's SD is smaller."""
    found = rows["contraction"].to_numpy()
    if np.isnan(found).any():
        return "prior without a variance"
    smaller = 100 * (1 - np.sqrt(np.maximum(1 - found, 0)))
    low, high = np.round(smaller.min()), np.round(smaller.max())
    if high < 1:
        return "prior not narrowed"
    if low >= 100:
        return "prior narrowed by > 99 %"
    low, high = max(low, 0.0), min(high, 99.0)
    return f"prior narrowed by {low:.0f} %" if low >= high else f"prior narrowed by {low:.0f} to {high:.0f} %"


def _description(fit: Fit, data: pd.DataFrame, words: dict[str, tuple[str, str]]) -> str:
    sentences = []
    for path, rows in data.groupby("parameter", sort=False):
        cause, outcome = words[str(path)]
        found = [f"{_HEADINGS[str(name)]}: {_narrowed(one)}" for name, one in rows.groupby("variable", sort=False)]
        sentences.append(f"{cause} on {outcome}: {', '.join(found)}.")
    notes = [f"{note}." for note, _ in style.notes_on(fit)]
    return " ".join(["Densities of population values before and after the evidence.", *sentences, *notes])


def _draw(fit: Fit, data: pd.DataFrame, words: dict[str, tuple[str, str]], width: float) -> style.Page:
    size, margin = style.body_size(width), style.MARGIN
    variables = [str(name) for name in data["variable"].unique()]
    label_width = 0.28 * width if width >= _WIDE else 0.0
    room = (width - 2 * margin - label_width - (len(variables) - 1) * _GUTTER) / len(variables)
    lefts = {name: margin + label_width + i * (room + _GUTTER) for i, name in enumerate(variables)}
    limits = {name: _limits(data[data["variable"] == name]) for name in variables}
    line = LINE * size
    above = 0.0 if label_width else line + 2
    pitch = above + line + _PANEL + 8
    notes = style.notes_on(fit)
    top = margin + LINE * style.TITLE_SIZE + len(notes) * line + 5 + line + 6
    page = style.Page(width, top + len(words) * pitch + 3 * line + 10 + margin)
    y = margin + page.lines(margin, margin, ["Prior and posterior"], style.TITLE_SIZE, weight="bold")
    for note, colour in notes:
        y += page.lines(margin, y, [note], size, colour=colour)
    for name, left in lefts.items():
        page.lines(left, y + 5, [_heading(fit, name)], size, colour=style.GREY)
    for path, ends in words.items():
        if label_width:
            page.lines(margin, top + line, typesetting.chain_lines(ends, label_width - 1.5 * size, size, 3), size)
        else:
            page.lines(margin, top, typesetting.chain_lines(ends, width - 2 * margin, size, 1), size)
        is_last = path == list(words)[-1]
        for name, left in lefts.items():
            rows = data[(data["parameter"] == path) & (data["variable"] == name)]
            page.lines(left, top + above, [_narrowed(rows)], size, colour=style.GREY)
            axes = page.axes(left, top + above + line, room, _PANEL, limits[name], size, labelled=is_last)
            places, _ = style.ticks(*limits[name], room, size)
            axes.vlines(places, 0, 1.04, color=style.FAINT, linewidth=0.6, zorder=0)
            _draw_curves(axes, rows, limits[name])
        top += pitch
    top += line + 2
    page.lines(margin + label_width, top, ["on the common scale (SD per SD); all curves drawn to one height"], size)
    _legend(page, margin + label_width, top + 2 * line + 4, size)
    return page


def _limits(rows: pd.DataFrame) -> tuple[float, float]:
    """From where the first curve rises visibly to where the last one ends; SDs from 0."""
    curves = rows.groupby(["parameter", "organization"], sort=False)[["prior", "posterior"]]
    x = rows.loc[(rows[["prior", "posterior"]] > _VISIBLE * curves.transform("max")).any(axis=1), "x"]
    low = 0.0 if rows["variable"].iloc[0] == "beta_tau" else float(x.min())
    return low, float(x.max())


def _draw_curves(axes: style.Axes, rows: pd.DataFrame, limits: tuple[float, float]) -> None:
    curves = [curve for _, curve in rows.groupby("organization", sort=False)]
    axes.set_ylim(0, 1.04)
    x = np.linspace(*limits, _COARSE)
    prior = np.interp(x, curves[0]["x"], _to_unit_height(curves[0]["prior"]), left=0.0, right=0.0)
    axes.fill([x[0], *x, x[-1]], [0.0, *prior, 0.0], color=style.LIGHT, linewidth=0, alpha=0.6, zorder=1)
    for curve in curves:
        height = _to_unit_height(curve["posterior"])
        shown = height > 1e-3
        axes.plot(
            curve["x"][shown], height[shown], color=style.BLUE, linewidth=1.2 if len(curves) == 1 else 0.7, zorder=3
        )


def _to_unit_height(density: pd.Series) -> pd.Series:
    return density / max(float(density.max()), 1e-300)


def _legend(page: style.Page, x: float, y: float, size: float) -> None:
    for words, how in (
        ("prior", {"color": style.LIGHT, "linewidth": 6}),
        ("posterior", {"color": style.BLUE, "linewidth": 1.2}),
    ):
        page.mark([x, x + 1.6 * size], [y - 0.36 * size] * 2, **how)
        page.text(x + 2.2 * size, y, words, size, colour=style.GREY)
        x += 3.4 * size + typesetting.text_width(words, size)
