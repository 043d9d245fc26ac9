"""What organizations share: rows or moments, matched to the variables of a model.

Reading, checking and the moments themselves; nothing here knows about models or sampling.
"""

from __future__ import annotations

from bayescx.evidence.documents import read_evidence
from bayescx.evidence.evidence import Evidence
from bayescx.evidence.matching import Matched
from bayescx.evidence.moments import SampleMoments
from bayescx.evidence.readers import read_moments
from bayescx.evidence.sharing import missing_cells, moments_schema, shareable_columns, shared_files

__all__ = [
    "Evidence",
    "Matched",
    "SampleMoments",
    "missing_cells",
    "moments_schema",
    "read_evidence",
    "read_moments",
    "shareable_columns",
    "shared_files",
]
