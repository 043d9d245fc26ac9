"""Did the sampler converge? If not: which parameters are worst, and what to do."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import xarray as xr

from bayescx._names import CHAIN, DRAW
from bayescx.errors import ConvergenceWarning

__all__ = ["ESS_LIMIT", "R_HAT_LIMIT", "Convergence", "judge", "warn_unless_converged"]

R_HAT_LIMIT = 1.01
ESS_LIMIT = 400
_LISTED = 5
_TAILS = (0.05, 0.95)  # as Vehtari et al. (2021); left out, ArviZ would take them from its settings


def _worst(values: xr.Dataset, moves: xr.Dataset, *, largest: bool) -> list[tuple[str, float]]:
    """Parameters that move, by name with their value, the worst first; what is not a number is the worst of all."""
    named: list[tuple[str, float]] = []
    for variable, array in values.data_vars.items():
        for position in np.argwhere(moves[variable].transpose(*array.dims).values):
            labels = [str(array[dim].values[i]) for dim, i in zip(array.dims, position, strict=True)]
            label = f"{variable}[{', '.join(labels)}]" if labels else str(variable)
            named.append((label, float(array.values[tuple(position)])))
    return sorted(named, key=lambda item: (not np.isnan(item[1]), -item[1] if largest else item[1]))


def _listing(named: list[tuple[str, float]], form: str) -> str:
    shown = ", ".join(f"{name} ({value:{form}})" for name, value in named[:_LISTED])
    rest = len(named) - _LISTED
    return shown + (f" and {rest} more" if rest > 0 else "")


class Convergence(NamedTuple):
    """The worst figures of a posterior, and what is wrong with them in words.

    ``r_hat`` is None for one chain and, as the effective sample sizes, where nothing moves.
    """

    r_hat: float | None
    ess_bulk: float | None
    ess_tail: float | None
    divergences: int
    problems: list[str]

    @property
    def figures(self) -> dict[str, float | int | None]:
        """The figures without the words."""
        return {name: value for name, value in self._asdict().items() if name != "problems"}


def judge(posterior: xr.Dataset, stats: xr.Dataset) -> Convergence:
    """Judge a posterior by R-hat above 1.01, bulk or tail ESS below 400, and divergences."""
    problems = []
    # what the model fixes, such as equal loadings that average 1, has no R-hat and needs none
    moves = (posterior != posterior.isel({CHAIN: 0, DRAW: 0})).any((CHAIN, DRAW))
    r_hat = None
    if posterior.sizes[CHAIN] < 2:
        problems.append("only one chain ran, so convergence cannot be judged; sample with chains=4")
    else:
        values = _diagnosed("rhat", posterior, moves, largest=True)
        r_hat = values[0][1] if values else None
        bad = [(name, value) for name, value in values if not value <= R_HAT_LIMIT]
        if bad:
            problems.append(f"R-hat is above {R_HAT_LIMIT} for {_listing(bad, '.3f')}")
    least: dict[str, float | None] = {}
    for method in ("bulk", "tail"):
        options = {"method": method, "prob": _TAILS if method == "tail" else None}
        values = _diagnosed("ess", posterior, moves, largest=False, **options)
        least[method] = values[0][1] if values else None
        bad = [(name, value) for name, value in values if not value >= ESS_LIMIT]
        if bad:
            problems.append(f"the {method} effective sample size is below {ESS_LIMIT} for {_listing(bad, '.0f')}")
    divergences = int(stats["diverging"].sum())
    if divergences:
        problems.append(f"{divergences} of {posterior.sizes[CHAIN] * posterior.sizes[DRAW]} draws diverged")
    return Convergence(r_hat, least["bulk"], least["tail"], divergences, problems)


def _diagnosed(
    function: str, posterior: xr.Dataset, moves: xr.Dataset, *, largest: bool, **options: object
) -> list[tuple[str, float]]:
    import arviz_stats

    with np.errstate(divide="ignore", invalid="ignore"):
        return _worst(getattr(arviz_stats, function)(posterior, **options), moves, largest=largest)


def warn_unless_converged(posterior: xr.Dataset, stats: xr.Dataset) -> Convergence:
    """Issue one ``ConvergenceWarning`` that names the worst parameters and what to do; return what was found."""
    found = judge(posterior, stats)
    if found.problems:
        advice = (
            "Do not report these numbers. First sample longer (draws=2000, tune=2000; command line: --draws 2000 "
            "--tune 2000). If divergences or a high R-hat "
            "remain, the evidence leaves these parameters nearly undetermined: look at collinear causes, factors "
            "with few items and very small organizations, or tighten the priors."
        )
        text = "the sampler did not converge: " + "; ".join(found.problems) + ". " + advice
        warnings.warn(text, ConvergenceWarning, stacklevel=3)
    return found
