"""Reports: what the estimands answered, in words, pictures and tables, as one HTML file. Nothing is computed here."""

from __future__ import annotations

from bayescx.report.document import write_report
from bayescx.report.page import check_report

__all__ = ["check_report", "write_report"]
