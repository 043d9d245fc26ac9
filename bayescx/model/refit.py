"""The same model fitted again, with other evidence, priors or pooling; many such refits, with one warning at most."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from bayescx.errors import ConvergenceWarning
from bayescx.evidence import Evidence, Matched
from bayescx.fitted import Fit
from bayescx.priors import Priors

__all__ = ["refit", "refit_each", "warn_of_refits"]


def refit(
    fit: Fit,
    *,
    evidence: Evidence | Matched | None = None,
    priors: Priors | None = None,
    pooling: str | Mapping[str, str] | None = None,
    identification: Literal["mean", "marker"] | None = None,
    draws: int | None = None,
    tune: int | None = None,
    chains: int | None = None,
    random_seed: int | None = None,
    target_accept: float | None = None,
    progressbar: bool = False,
) -> Fit:
    """Fit the same model again, with what is given replaced.

    The result is what ``bayescx.fit`` would have returned. With other evidence the common scale is therefore computed
    anew: what was known before an organization reported does not depend on its data. Standardized answers hardly
    notice, and answers in the data's units are in the data's units.

    Parameters
    ----------
    fit : Fit
        Its model, engine and settings are kept.
    evidence : Evidence or Matched, optional
        Such as ``fit.evidence.only(["north", "south"])``.
    priors : Priors, optional
    pooling : str or dict, optional
        As in ``bayescx.fit``; by default that of the fit, block by block.
    identification : {"mean", "marker"}, optional
        By default that of the fit.
    draws, tune, chains, random_seed : int, optional
        By default those of the fit.
    target_accept : float, optional
        By default that of the fit.
    progressbar : bool
        Show live progress.

    Returns
    -------
    Fit

    Raises
    ------
    ModelError, EvidenceError, PriorError
        As ``bayescx.fit``.

    Warns
    -----
    ConvergenceWarning
        As ``bayescx.fit``.

    Examples
    --------
    >>> import bayescx as bcx
    >>> model = bcx.parse_model("trust ~ satisfaction; loyalty ~ trust + satisfaction")
    >>> rows = bcx.simulate(model, organizations=4, n_obs=100, random_seed=1).rows
    >>> evidence = bcx.Evidence.from_rows(rows, organization="organization", n_planned=10)
    >>> fit = bcx.fit(model, evidence, random_seed=1, progressbar=False)
    >>> refit(fit, evidence=fit.evidence.only(["org_01", "org_02", "org_03"]))
    Fit(model: 3 of 10 organizations, 4 chains x 1000 draws)
    """
    from bayescx.model.sample import fit as fit_model

    made = fit.provenance

    def setting(name: str, given: int | None) -> int:
        return int(made[name]) if given is None else given

    return fit_model(
        fit.model,
        fit.evidence if evidence is None else evidence,
        fit.priors if priors is None else priors,
        pooling=fit.pooling if pooling is None else pooling,
        draws=setting("draws", draws),
        tune=setting("tune", tune),
        chains=setting("chains", chains),
        random_seed=setting("random_seed", random_seed),
        target_accept=made["target_accept"] if target_accept is None else target_accept,
        progressbar=progressbar,
        engine=made["engine"],
        scale=made["scaled"],
        identification=identification or fit.identification,  # type: ignore[arg-type]
    )


def refit_each(fit: Fit, changes: Sequence[Mapping[str, Any]], *, doing: str, progressbar: bool) -> Iterator[Fit]:
    """Refit once for each set of arguments of ``refit``, one after the other and without warnings of convergence.

    Parameters
    ----------
    fit : Fit
    changes : sequence of mappings
    doing : str
        What the progress bar says.
    progressbar : bool
        Show how many refits are done, on standard error.
    """
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    is_seen = console.is_interactive or console.is_jupyter  # into a file rich would write an empty line
    for change in track(changes, doing, console=console, transient=True, disable=not (progressbar and is_seen)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            again = refit(fit, **change)
        yield again


def warn_of_refits(not_converged: int, refits: int) -> None:
    """Issue one ``ConvergenceWarning`` that says how many refits did not converge, if any."""
    if not_converged:
        warnings.warn(
            f"{not_converged} of {refits} refits did not converge for the quantity asked for (R-hat above 1.01, an "
            "effective sample size below 400, or divergences): take their intervals as approximate, or sample longer "
            "(draws=1000, tune=1000)",
            ConvergenceWarning,
            stacklevel=3,
        )
