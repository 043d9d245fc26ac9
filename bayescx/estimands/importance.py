"""What to work on first: how much each driver matters for an outcome, and how high it stands at present."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import CAUSE, ORGANIZATION, OUTCOME
from bayescx.errors import FitError
from bayescx.estimands.effects import STANDARDIZED_UNITS, total_effects
from bayescx.estimands.equation import predictors_of
from bayescx.estimands.levels import Answers, Levels, checked_answers, levels_of
from bayescx.estimands.population import Target, positions
from bayescx.estimands.ranks import DRIVER
from bayescx.estimands.routes import has_effect
from bayescx.estimands.system import layout_of
from bayescx.fitted import Fit

__all__ = ["importance_performance", "share_one_scale"]

Floats = NDArray[np.float64]

_TARGETS = ("average", "organization")
_ONE_SCALE = 3.0
"""Items whose SDs differ more than so many times are taken to be answered on different scales."""


def importance_performance(
    fit: Fit,
    outcome: str,
    target: Target = "average",
    drivers: Iterable[str] | None = None,
    answers: Answers | None = None,
) -> xr.Dataset:
    """Importance and performance of what drives an outcome, as importance-performance maps show them.

    Importance is the total effect of a driver on the outcome; performance is its present mean level: the mean of the
    means of its own items, each counting alike, or of the variable itself (Martilla & James 1977, Journal of Marketing;
    Ringle & Sarstedt 2016, Industrial Management & Data Systems). A reversed item, whose loading is negative, is turned
    if ``answers`` says how, and is otherwise left out: the level then rests on fewer items than the driver has, and
    cannot be compared with those of others. An organization that lacks the mean of an item of a driver has no
    performance of it.

    Parameters
    ----------
    fit : Fit
    outcome : str
    target : {"average", "organization"}
        "average": importance over the N planned; performance over the organizations that shared means of all these
        drivers, each counting alike, so that levels are those of the same organizations. Where there is none, each
        driver's is that of its own organizations, and no two can be compared. "organization": of each.
    drivers : iterable of str, optional
        Constructs with an effect on the outcome; by default all that have items and are not coded from other variables.
    answers : (float, float), optional
        Lowest and highest answer of the questionnaire, such as (1, 7): performance then runs from 0 to 100.

    Returns
    -------
    xarray.Dataset
        ``importance`` (chain, draw[, organization], driver), in SD of the outcome per SD of the driver;
        ``performance`` ([organization,] driver), in points of the answer scale or from 0 to 100, nan where an
        organization shared no means; ``performance_se``, its standard error: that of sampling respondents in these
        organizations, by the model-implied covariance of items. Coordinates along driver: ``items`` and
        ``organizations``, how many there are behind the performance; ``of_items``, how many items the driver has;
        ``placed``, whether its performance can be compared with that of the others. Attributes: ``with_means`` names
        the organizations behind the performance; ``left_out`` what has none, with reasons; ``not_placed`` what cannot
        be compared, with reasons; ``reversed`` items with negative loadings and ``mixed_units`` what seems not to share
        one answer scale ("" if nothing).

    Raises
    ------
    FitError
        If the outcome is unknown or has no drivers, a driver has no route to it or no performance, nobody shared
        means, the target is another one, or ``answers`` are none or a mean lies outside them.

    Examples
    --------
    >>> found = importance_performance(fit, "loyalty")
    >>> found["importance"].dims, found["driver"].values.tolist()
    (('chain', 'draw', 'driver'), ['satisfaction', 'trust'])
    >>> found["performance"].round(1).values.tolist()
    [4.7, 3.7]
    """
    if target not in _TARGETS:
        raise FitError(
            f"importance and performance are told of the {' or of each '.join(_TARGETS)}, found target {target!r}"
        )
    known = checked_answers(answers)
    asked = _asked(fit, outcome, drivers)
    levels = levels_of(fit, asked, known)
    if levels.left_out and (drivers is not None or not levels.constructs):
        listed = "; ".join(f"{name}: {why}" for name, why in levels.left_out.items())
        raise FitError(f"there is no performance of {listed}")
    shown, dropped = list(levels.constructs), _dropped(levels, known)
    importance = total_effects(fit, target).sel({OUTCOME: outcome, CAUSE: shown}).rename({CAUSE: DRIVER})
    importance = importance.drop_vars([OUTCOME, "has_route"]).rename("importance")
    importance.attrs = {"long_name": f"total effect on {outcome}", "units": STANDARDIZED_UNITS}
    level, se, there = levels.level, levels.se, np.isfinite(levels.level)
    together = there.all(axis=1)
    if target == "average":
        if together.any():
            level, se, there = level[together], se[together], there[together]
        level, se = _average(level, se)
    not_placed = _not_placed(levels, dropped, no_common=target == "average" and not together.any())
    dims = (ORGANIZATION, DRIVER) if target == "organization" else (DRIVER,)
    units = "points of the answer scale" if known is None else f"0 to 100: answers from {known[0]:g} to {known[1]:g}"
    data = {
        "importance": importance,
        "performance": (dims, level, {"long_name": "present mean level", "units": units}),
        "performance_se": (dims, se, {"long_name": "standard error of the present mean level", "units": units}),
    }
    coords = {
        "items": (DRIVER, [len(levels.items[name]) for name in shown]),
        "of_items": (DRIVER, [len(levels.items[name]) + len(dropped.get(name, ())) for name in shown]),
        "organizations": (DRIVER, there.sum(axis=0)),
        "placed": (DRIVER, [name not in not_placed for name in shown]),
    }
    behind = together if target == "average" and together.any() else np.isfinite(levels.level).any(axis=1)
    attrs = {
        "estimand": "importance_performance",
        "target": target,
        "outcome": outcome,
        "with_means": ", ".join(name for name, is_behind in zip(fit.organizations, behind, strict=True) if is_behind),
        "left_out": _left_out(fit, levels),
        "not_placed": "; ".join(f"{name}: {why}" for name, why in not_placed.items()),
        "reversed": _reversed(levels, known),
        "mixed_units": _mixed_units(fit, levels, known),
    }
    return xr.Dataset(data, coords=coords, attrs=attrs)


def _asked(fit: Fit, outcome: str, drivers: Iterable[str] | None) -> list[str]:
    """Drivers in the order asked for, or of the model."""
    predictors_of(fit, outcome)
    reaching = [name for name in fit.model.constructs if has_effect(fit.model, name, outcome)]
    if drivers is None:
        found = [name for name in reaching if name not in fit.model.coded]
        if not found:
            raise FitError(
                f"no driver of {outcome!r} has a level of its own: "
                + ("all are coded from other variables" if reaching else "only a factor that it measures leads to it")
            )
        return found
    try:
        asked = [drivers] if isinstance(drivers, str) else list(dict.fromkeys(drivers))
    except TypeError:
        raise FitError(f"drivers are names of constructs such as ['trust'], found {drivers!r}") from None
    if not asked:
        raise FitError(f"drivers is empty; name drivers of {outcome!r}: {', '.join(reaching)}")
    positions(layout_of(fit), asked)
    for name in asked:
        if name not in reaching:
            raise FitError(f"no route leads from {name!r} to {outcome!r}. Drivers: {', '.join(reaching)}")
    return asked


def _average(level: Floats, se: Floats) -> tuple[Floats, Floats]:
    """Mean over organizations (J, D) that have the level, and its standard error, as samples are independent."""
    count = np.isfinite(level).sum(axis=0)
    return np.nanmean(level, axis=0), np.sqrt(np.nansum(se**2, axis=0)) / count


def _dropped(levels: Levels, answers: Answers | None) -> dict[str, list[str]]:
    """Reversed items that a level does without."""
    return levels.turned if answers is None else {}


def _not_placed(levels: Levels, dropped: dict[str, list[str]], *, no_common: bool) -> dict[str, str]:
    """Drivers whose level cannot be compared with that of others, each with the reason."""
    if no_common and len(levels.constructs) > 1:
        return dict.fromkeys(levels.constructs, "no organization shared means of all these drivers")
    return {
        name: f"its level rests on {len(levels.items[name])} of {len(levels.items[name]) + len(items)} items, because "
        "answers=(lowest, highest), which would turn the reversed ones, is not given"
        for name, items in dropped.items()
    }


def _left_out(fit: Fit, levels: Levels) -> str:
    """Organizations without means, organizations that lack an item of a driver, and drivers, with reasons."""
    said = levels.shared.left_out | levels.left_out
    there = np.isfinite(levels.level)
    for j in levels.shared.positions:
        lacking = [name for name, has in zip(levels.constructs, there[j], strict=True) if not has]
        if lacking:
            said |= {fit.organizations[j]: f"it shared no means of all items of {', '.join(lacking)}"}
    return "; ".join(f"{name}: {why}" for name, why in said.items())


def _reversed(levels: Levels, answers: Answers | None) -> str:
    how = "left out, as answers= is not given" if answers is None else "turned"
    listed = (f"{name}: {', '.join(items)}" for name, items in levels.turned.items())
    return f"{'; '.join(listed)} ({how})" if levels.turned else ""


def _mixed_units(fit: Fit, levels: Levels, answers: Answers | None) -> str:
    """What seems not to be answered on one scale, by pooled SDs within organizations."""
    mixed = [name for name, items in levels.items.items() if not share_one_scale(fit, items)]
    if mixed:
        return (
            f"items of {', '.join(mixed)} have SDs that differ more than {_ONE_SCALE:g} times: they hardly share one "
            "answer scale, and their average mixes units"
        )
    if answers is None and not share_one_scale(fit, [item for items in levels.items.values() for item in items]):
        return (
            f"SDs differ more than {_ONE_SCALE:g} times between drivers: they hardly share one answer scale, so that "
            "their performances cannot be compared"
        )
    return ""


def share_one_scale(fit: Fit, items: Sequence[str]) -> bool:
    """Whether variables may be answered on one scale: the largest pooled SD is at most three times the smallest.

    Examples
    --------
    >>> share_one_scale(fit, ["satisfaction", "trust"])
    True
    """
    sds = [fit.scale[item] for item in items]
    return max(sds) <= _ONE_SCALE * min(sds)
