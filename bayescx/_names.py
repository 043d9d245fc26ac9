"""Names of dimensions, groups and variables, written once."""

from __future__ import annotations

CHAIN = "chain"
DRAW = "draw"
ORGANIZATION = "organization"
PATH = "path"
CAUSE = "cause"
OUTCOME = "outcome"

TARGETS = ("organization", "typical", "average", "new")
POOLINGS = ("none", "partial", "full")
