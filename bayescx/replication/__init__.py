"""Replication: a folder with which another researcher re-runs a fit to the same summary, and what its script uses."""

from bayescx.replication.checksums import changed_files
from bayescx.replication.compare import compare_summaries
from bayescx.replication.folder import write_replication
from bayescx.replication.settings import read_priors, read_settings
from bayescx.replication.tables import read_tables, summary_tables, write_tables
from bayescx.replication.verdict import Verdict, judge

__all__ = [
    "Verdict",
    "changed_files",
    "compare_summaries",
    "judge",
    "read_priors",
    "read_settings",
    "read_tables",
    "summary_tables",
    "write_replication",
    "write_tables",
]
