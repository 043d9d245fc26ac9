"""What one point of a construct is: of its own scale, or of one that its items share; some have none."""

from __future__ import annotations

from bayescx.estimands.importance import share_one_scale
from bayescx.fitted import Fit
from bayescx.spec import Parameter

__all__ = ["scale_words"]


def scale_words(fit: Fit, name: str) -> str | None:
    """Whose scale the points of a construct are of, in the data's units; None where its unit is that of no question.

    A factor has a unit if its loadings average 1 and its items share an answer scale, or if one loading is 1. It has
    none where its variance is fixed, or its items are answered on different scales.

    Examples
    --------
    >>> scale_words(fit, "trust")
    'its own scale'
    """
    rows = [row for row in fit.model.loadings if row.lhs == name]
    if not rows:
        return "its own scale"
    anchor = _anchor(fit, name, rows)
    if anchor is not None:
        known = abs(anchor.fixed or 1.0) == 1 and scale_words(fit, anchor.rhs) is not None
        return f"the scale of {fit.model.in_words(anchor.rhs)}" if known else None
    if any(row.lhs == name and row.fixed for row in fit.model.variances):
        return None
    parts = [row.rhs for row in rows]
    items = [item for part in parts for item in _items(fit, part)]
    is_known = share_one_scale(fit, items) and all(scale_words(fit, part) is not None for part in parts)
    return "the scale of its items" if is_known else None


def _anchor(fit: Fit, name: str, rows: list[Parameter]) -> Parameter | None:
    """The loading that gives a factor its unit: one that is fixed to a number, or 1 by convention."""
    if numbers := [row for row in rows if row.fixed]:
        return numbers[0]
    free = [row for row in rows if row.fixed is None]
    has_variance = any(row.lhs == name and row.fixed for row in fit.model.variances)
    return free[0] if not has_variance and (fit.identification == "marker" or len(free) == 1) else None


def _items(fit: Fit, name: str) -> list[str]:
    """Observed variables behind an item, which may be a factor itself."""
    rows = [row for row in fit.model.loadings if row.lhs == name]
    return [item for row in rows for item in _items(fit, row.rhs)] if rows else [name]
