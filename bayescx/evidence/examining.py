"""Everything that was shared against the variables of a model: organization by organization, then all together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from bayescx.coding import Coded
from bayescx.evidence.columns import read_column
from bayescx.evidence.lacking import settled
from bayescx.evidence.matching import Examined, covariances, examined_moments, examined_rows, weighed
from bayescx.evidence.moments import SampleMoments
from bayescx.evidence.parts import Part, Unusable
from bayescx.evidence.rows import GroupedRows, organization_samples
from bayescx.evidence.semidefinite import outside_of_rank
from bayescx.evidence.variation import without_variation

__all__ = ["examined_parts", "tables_of"]


def tables_of(parts: Mapping[str, Part]) -> list[GroupedRows]:
    """Return the tables of rows, each once."""
    return list({id(part): part for part in parts.values() if isinstance(part, GroupedRows)}.values())


def examined_parts(
    parts: Mapping[str, Part], variables: tuple[str, ...], coded: Mapping[str, Coded], missing: str, min_n: int | None
) -> list[Examined]:
    """Examine what each organization shared, in their order, with everything that is wrong with it."""
    found = {
        sample.organization: examined_rows(sample, frozenset(map(str, grouped.sheet.frame.columns)))
        for grouped in tables_of(parts)
        for sample in organization_samples(grouped, variables, missing, coded)
    }
    for name, part in parts.items():
        if isinstance(part, SampleMoments):
            found[name] = examined_moments(name, part, variables, missing, coded)
        elif isinstance(part, Unusable):
            found[name] = Examined(name, "unusable", 0, 0, None, None, part.findings)
    shared = [weighed(found[name], min_n, _size(found[name], variables, coded), missing) for name in parts]
    return without_variation(settled(shared, variables, coded), variables, coded, _ranges(tables_of(parts)))


def _size(one: Examined, variables: tuple[str, ...], coded: Mapping[str, Coded]) -> int:
    """Number of variables without the coded ones that say nothing new about this organization."""
    cov = covariances(one, len(variables)) if coded else None
    return len(variables) - (0 if cov is None else outside_of_rank(cov, variables, coded))


def _ranges(tables: Iterable[GroupedRows]) -> Callable[[str], tuple[float, float] | None]:
    """Smallest and largest answer in a column over all tables, where there is one."""

    def range_of(column: str) -> tuple[float, float] | None:
        answers = [read_column(table.sheet, column).values[table.codes >= 0] for table in tables]
        present = [values[np.isfinite(values)] for values in answers]
        every = np.concatenate(present) if present else np.empty(0)
        return (float(every.min()), float(every.max())) if len(every) else None

    return range_of
