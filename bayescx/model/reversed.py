"""Items that run against their factor unannounced: found before sampling, because no posterior would say so.

A factor whose loadings average 1 takes all of them to point the way that the model says: with their factor, or against
it where ``upper(0)*`` declares an item reversed. With an item that does otherwise the average is met by loadings far
from 1, and the sign of the factor is left to chance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bayescx.errors import ModelError
from bayescx.model.layout import Entry, Layout
from bayescx.spec.scanner import written

__all__ = ["check_directions"]

Floats = NDArray[np.float64]
_CLEAR = 0.15  # weight on the first component of the items' correlations below which an item says little either way


def check_directions(layout: Layout, n_obs: NDArray[np.int64], cov: Floats) -> None:
    """Refuse factors scaled by their average loading whose items correlate with other signs than those declared.

    Parameters
    ----------
    layout : Layout
    n_obs : int array (J,)
        Respondents; 0 where only figures are known.
    cov : array (J, p, p)
        Sample covariances, or correlations; nan where an organization lacks a variable. Items are compared within
        organizations, on average over them.

    Raises
    ------
    ModelError
        Naming the items to declare, or not to declare, reversed.
    """
    correlation = _pooled_correlation(n_obs, cov)
    problems = []
    for factor in layout.averages:
        names = {entry.name for entry in factor}
        items = [entry for entry in layout.loadings if entry.name in names]
        if len(items) < 2:
            continue
        against = _against(items, correlation)
        name = layout.constructs[items[0].column]
        undeclared = [_item(entry) for entry in against if entry.value > 0]
        declared = [_item(entry) for entry in against if entry.value < 0]
        if undeclared:
            terms = " + ".join(f"upper(0)*{written(item)}" for item in undeclared)
            problems.append(
                f"factor '{name}': {_run(undeclared)} against the other items (negative correlations), as "
                f"reverse-coded items do; declare that ({written(name)} =~ ... + {terms}), or recode (lowest + highest "
                "answer - answer)"
            )
        if declared:
            problems.append(
                f"factor '{name}': {_run(declared)} with the other items (positive correlations), but upper(0)* "
                "declares the opposite; leave it out where answers were recoded already"
            )
    if problems:
        raise ModelError(f"model {layout.model.name or ''}".strip(), problems)


def _pooled_correlation(n_obs: NDArray[np.int64], cov: Floats) -> Floats:
    """Average over organizations that have both variables, (p, p); 0 where none has."""
    has_data = n_obs > 1
    sd = np.sqrt(np.diagonal(cov[has_data], axis1=1, axis2=2))
    with np.errstate(invalid="ignore"):  # a coded column need not vary everywhere
        own = cov[has_data] / (sd[:, :, None] * sd[:, None, :])
    weight = np.where(np.isfinite(own), (n_obs[has_data] - 1.0)[:, None, None], 0.0)
    total = weight.sum(axis=0)
    return np.asarray((weight * np.nan_to_num(own)).sum(axis=0) / np.where(total > 0, total, 1.0))


def _against(items: Sequence[Entry], correlation: Floats) -> list[Entry]:
    """Items that run against the others once all are turned as declared; of two, the one that is declared or second."""
    rows = [entry.row for entry in items]
    sign = np.sign([entry.value for entry in items])
    first = np.linalg.eigh(correlation[np.ix_(rows, rows)] * np.outer(sign, sign))[1][:, -1]
    balance = first.sum()
    if abs(balance) < _CLEAR:
        balance = first[int(np.argmax(sign))]
    return [entry for entry, w in zip(items, first * np.sign(balance), strict=True) if w < -_CLEAR]


def _run(items: Sequence[str]) -> str:
    return f"{', '.join(items)} {'run' if len(items) > 1 else 'runs'}"


def _item(entry: Entry) -> str:
    return entry.name.partition("=~")[2]
