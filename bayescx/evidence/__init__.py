"""What organizations share, rows or moments, and figures published about them, matched to the variables of a model.

Reading, checking and the moments themselves; nothing here knows about models or sampling.
"""

from __future__ import annotations

from bayescx.evidence.attributes import Attributes
from bayescx.evidence.coarsening import Shareable, shareable_moments
from bayescx.evidence.documents import read_evidence
from bayescx.evidence.empty_levels import empty_levels
from bayescx.evidence.evidence import Evidence
from bayescx.evidence.matching import Matched
from bayescx.evidence.moments import PatternMoments, SampleMoments
from bayescx.evidence.patterns import Pattern
from bayescx.evidence.published import Published, figure_problems, sign_problems
from bayescx.evidence.readers import read_moments
from bayescx.evidence.sharing import (
    lacking_columns,
    missing_cells,
    moments_schema,
    shareable_columns,
    shared_files,
)

__all__ = [
    "Attributes",
    "Evidence",
    "Matched",
    "Pattern",
    "PatternMoments",
    "Published",
    "SampleMoments",
    "Shareable",
    "empty_levels",
    "figure_problems",
    "lacking_columns",
    "missing_cells",
    "moments_schema",
    "read_evidence",
    "read_moments",
    "shareable_columns",
    "shareable_moments",
    "shared_files",
    "sign_problems",
]
