"""Who shared what, one line per organization, before any model is chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from bayescx.evidence.moments import SampleMoments
from bayescx.evidence.parts import Part
from bayescx.evidence.rows import GroupedRows

__all__ = ["Share", "shares_of"]


class Share(NamedTuple):
    """What one organization shared: "rows", "moments", "correlations", "figures", or something "unusable"."""

    organization: str
    level: str
    n_obs: int
    source: str = ""

    def __str__(self) -> str:
        """Name it in a list."""
        said = f"{self.n_obs} rows" if self.level == "rows" else f"{self.level}, n = {self.n_obs}"
        return f"{self.organization} ({said})"


def shares_of(parts: Mapping[str, Part], only_in_figures: Sequence[str]) -> Iterator[Share]:
    """Yield what each organization shared, then those that only published figures speak of."""
    for name, part in parts.items():
        if isinstance(part, GroupedRows):
            yield Share(name, "rows", part.sizes()[part.organizations.index(name)], part.sheet.source)
        elif isinstance(part, SampleMoments):
            yield Share(name, "correlations" if part.scale_free else "moments", part.n_obs)
        else:
            yield Share(name, "unusable", 0)
    for name in only_in_figures:
        yield Share(name, "figures", 0)
