"""Priors of choices: of slopes and thresholds over organizations, each replaceable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

from bayescx.errors import PriorError
from bayescx.evidence.findings import printable, suggestion
from bayescx.priors import Prior

__all__ = ["ChoicePriors"]


@dataclass(frozen=True)
class ChoicePriors:
    """Priors of the population values, in SDs of the latent answer.

    Covariates are divided by their pooled within-organization SD first (hinges by that of their variable, so that
    equal slopes on both sides of a knot have equal priors), and thresholds are those of the average respondent.

    Attributes
    ----------
    slope, slope_sd : Prior
        Centre (or common value, of ``fixed`` terms) and between-organization SD of each slope. Normal(0, 1) and
        HalfNormal(0.2).
    threshold, threshold_sd : Prior
        The same for the first threshold. Normal(0, 1.5) and HalfNormal(0.5).
    increment, increment_sd : Prior
        The same for the logarithm of the distance of each further threshold from the one below. Normal(0, 1) and
        HalfNormal(0.3).
    overrides : mapping of str to Prior
        Priors of the centres of single slopes, by the names of their terms.

    Raises
    ------
    PriorError
        If a prior is none, or restricts the sign of a value that has none, or that of an SD is not positive.

    Examples
    --------
    >>> ChoicePriors(slope_sd=Prior("HalfNormal", sigma=0.1), overrides={"effort": Prior("Normal", mu=-0.3)}).slope
    Prior("Normal", mu=0, sigma=1)
    """

    slope: Prior = Prior("Normal", mu=0.0, sigma=1.0)
    slope_sd: Prior = Prior("HalfNormal", sigma=0.2)
    threshold: Prior = Prior("Normal", mu=0.0, sigma=1.5)
    threshold_sd: Prior = Prior("HalfNormal", sigma=0.5)
    increment: Prior = Prior("Normal", mu=0.0, sigma=1.0)
    increment_sd: Prior = Prior("HalfNormal", sigma=0.3)
    overrides: Mapping[str, Prior] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "overrides"}
        for name, prior in {**named, **self.overrides}.items():
            if not isinstance(prior, Prior):
                raise PriorError(f'{name} must be a Prior, e.g. Prior("Normal", mu=0, sigma=1); found {prior!r:.60}')
            is_sd = name in named and name.endswith("_sd")
            if is_sd and not prior.positive:
                raise PriorError(
                    f"{name} is the prior of a standard deviation: it needs a positive distribution, found {prior}"
                )
            if prior.positive and not is_sd:
                raise PriorError(
                    f"{name} may be above or below 0: it needs a distribution on the whole line, found {prior}"
                )

    def slopes(self, terms: Sequence[str]) -> list[Prior]:
        """Priors of the centres of slopes, term by term.

        Raises
        ------
        PriorError
            If one is stated of a term that there is none of.
        """
        for name in self.overrides:
            if name not in terms:
                raise PriorError(f"no term is named {printable(str(name))!r}{suggestion(str(name), terms)}")
        return [self.overrides.get(name, self.slope) for name in terms]

    def to_dict(self) -> dict[str, object]:
        """All priors as nested dictionaries, ready for JSON."""
        out: dict[str, object] = {
            item.name: getattr(self, item.name).to_dict() for item in fields(self) if item.name != "overrides"
        }
        return {**out, "overrides": {name: prior.to_dict() for name, prior in self.overrides.items()}}
