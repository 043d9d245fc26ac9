"""Names of dimensions, groups and variables, written once."""

from __future__ import annotations

import re

CHAIN = "chain"
DRAW = "draw"
ORGANIZATION = "organization"
PATH = "path"
CAUSE = "cause"
OUTCOME = "outcome"
SAMPLE = "published_sample"

TARGETS = ("organization", "typical", "average", "new", "alone")
POOLINGS = ("none", "partial", "full")

BLOCK_VARIABLES = {
    "paths": ("beta", "path"),
    "loadings": ("loading", "indicator"),
    "residuals": ("log_residual_sd", "residual"),
    "exogenous": ("log_exogenous_sd", "exogenous"),
    "covariances": ("partial_correlation_z", "covariance"),
    "controls": ("gamma", "control"),
}
"""Posterior variable and dimension of each block of components.

A partially pooled block has ``variable`` (organization, dim), ``variable_mu`` and ``variable_tau`` (dim); an
unpooled one only the first; a fully pooled one ``variable`` (dim).
"""

MODERATION, MODERATOR = "moderation", "moderator"
"""Posterior variable of what attributes of organizations do to paths, and its dimension."""


def parameter_name(written: str) -> str:
    """A parameter's name without the blanks around its operator and the backquotes around its variables.

    Examples
    --------
    >>> parameter_name(" loyalty ~ `trust in us` ")
    'loyalty~trust in us'
    """
    return re.sub(r"\s*(=~|~~|~)\s*", r"\1", written.replace("`", "").strip())
