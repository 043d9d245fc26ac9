"""Reports: what the estimands answered, in words, pictures and tables, as one HTML file. Nothing is computed here."""

from __future__ import annotations

from bayescx.report.document import check_report, write_report

__all__ = ["check_report", "write_report"]
