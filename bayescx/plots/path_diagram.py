"""The model as a figure: constructs, arrows with their effects and intervals, and explained variances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from bayescx._names import ORGANIZATION
from bayescx.errors import FitError, did_you_mean
from bayescx.estimands.effects import direct_effects
from bayescx.estimands.population import Target
from bayescx.estimands.summary import summarize
from bayescx.estimands.variance import r_squared
from bayescx.fitted import Fit
from bayescx.plots.diagram import ArrowMark, NodeMark, draw
from bayescx.plots.path_words import (
    Texts,
    contains_zero,
    effect_lines,
    in_words,
    rows_of,
    second_order,
    share_line,
    target_in_words,
)
from bayescx.plots.picture import Picture
from bayescx.spec import PathModel

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["plot_path_diagram"]

Direction = Literal["right", "down"]

_DIRECTIONS = ("right", "down")
_THINNEST, _THICKEST, _UNIFORM = 1.0, 4.0, 2.0  # px
_COLUMNS = ["kind", "outcome", "cause", "mean", "sd", "lower", "upper", "fixed", "rests_on_prior"]


def plot_path_diagram(
    fit: Fit,
    target: Target = "average",
    *,
    standardized: bool = True,
    ci_prob: float = 0.95,
    direction: Direction = "right",
    organization: str | None = None,
) -> Picture:
    """Draw the path model with the effect on every arrow and the explained variance in every outcome.

    Arrows are dashed, and their numbers muted, where the effect rests mostly on the prior; see ``summarize``.

    Parameters
    ----------
    fit : Fit
    target : {"average", "typical", "new", "organization"}
        Whom the numbers are about; see ``direct_effects``.
    standardized : bool
        Effects in SDs, arrows as thick as they are strong; else in the data's units, which differ between
        constructs, and arrows of one width.
    ci_prob : float
        Probability of the equal-tailed intervals.
    direction : {"right", "down"}
        Where arrows point to: "right" for wide pages, "down" for narrow ones and phones.
    organization : str, optional
        Which one, if the target is "organization".

    Returns
    -------
    Picture
        An SVG. ``data`` has one row per path (kind "path") and per explained variance (kind "r_squared"): outcome,
        cause, mean, sd, lower, upper, whether the model fixes the path, and whether the row rests on the prior.

    Raises
    ------
    FitError
        If an option is unknown, the organization did not report, or the pooling cannot answer for the target.

    Examples
    --------
    >>> picture = plot_path_diagram(fit, direction="down")
    >>> picture.save("paths.svg").name
    'paths.svg'
    """
    if direction not in _DIRECTIONS:
        hint = did_you_mean(str(direction), _DIRECTIONS) or "."
        raise FitError(f"unknown direction {direction!r}{hint} Directions: {', '.join(_DIRECTIONS)}")
    effects = _of_one(fit, direct_effects(fit, target, standardized=standardized), target, organization)
    explained = _of_one(fit, r_squared(fit, target), target, organization)
    data = _table(fit.model, effects, explained, ci_prob)
    texts = Texts(fit, data, target_in_words(fit, target, organization), ci_prob, standardized=standardized)
    nodes, arrows = _nodes(fit.model, data), _arrows(fit.model, data, standardized=standardized)
    return Picture(texts.title, texts.description, data, draw(nodes, arrows, texts.notes, direction))


def _of_one(fit: Fit, array: xr.DataArray, target: str, organization: str | None) -> xr.DataArray:
    """Draws without the organization axis."""
    if ORGANIZATION not in array.dims:
        if organization is not None:
            raise FitError(
                f"target={target!r} does not speak of one organization; "
                f"for {organization!r} alone ask with target='organization'"
            )
        return array
    if organization not in fit.organizations:
        found = "none was named" if organization is None else f"found {organization!r}"
        hint = did_you_mean(str(organization), fit.organizations) if organization is not None else ""
        raise FitError(
            f"target={target!r} needs the organization to draw, {found}{hint or '.'} "
            f"organization= one of: {', '.join(fit.organizations)}"
        )
    return array.sel({ORGANIZATION: organization})


def _table(model: PathModel, effects: xr.DataArray, explained: xr.DataArray, ci_prob: float) -> pd.DataFrame:
    import pandas as pd

    fixed = {row.name for row in model.paths if row.fixed is not None}
    paths, outcomes = (summarize(array, ci_prob, kind="stats") for array in (effects, explained))
    label = f"eti{100 * ci_prob:g}"
    bounds = {f"{label}_lb": "lower", f"{label}_ub": "upper"}
    paths = paths.assign(
        kind="path", outcome=effects["lhs"].values, cause=effects["rhs"].values, fixed=paths["path"].isin(fixed)
    )
    outcomes = outcomes.assign(kind="r_squared", cause="", fixed=False)
    tables = [table.assign(rests_on_prior=table.get("rests_on_prior", False)) for table in (paths, outcomes)]
    return pd.concat(tables, ignore_index=True).rename(columns=bounds)[_COLUMNS]


def _nodes(model: PathModel, data: pd.DataFrame) -> dict[str, NodeMark]:
    shares = {row["outcome"]: share_line(row) for row in rows_of(data, "r_squared")}
    factors = set(model.latents)
    return {
        name: NodeMark(model.in_words(name), shares.get(name, ""), is_round=name in factors)
        for name in model.constructs
    }


def _arrows(model: PathModel, data: pd.DataFrame, *, standardized: bool) -> list[ArrowMark]:
    arrows = []
    for row in rows_of(data, "path"):
        label = effect_lines(row, standardized=standardized)
        colour = "fixed" if row["fixed"] else "negative" if row["mean"] < 0 else "positive"
        is_pale, is_open = contains_zero(row) and not row["fixed"], bool(row["rests_on_prior"])
        if is_pale:
            colour += "-pale"
        strength = min(abs(row["mean"]), 1.0)
        width = _THINNEST + (_THICKEST - _THINNEST) * strength if standardized else _UNIFORM
        title = f"{in_words(model, row)}: {' '.join(label)}"
        if is_open:
            title += ", rests mostly on the prior"
        arrows.append(ArrowMark(row["cause"], row["outcome"], label, colour, width, is_open, is_pale or is_open, title))
    for factor, part in second_order(model):
        title = f"{model.in_words(part)} measures {model.in_words(factor)}"
        arrows.append(ArrowMark(factor, part, (), "loading", _THINNEST, title=title))
    return arrows
