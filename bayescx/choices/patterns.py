"""Rows with the same covariates in the same organization, merged and counted; and the scales of covariates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["merged", "pooled_products", "pooled_spread"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


def merged(x: Floats, codes: Codes, answers: NDArray[np.int64]) -> tuple[Floats, Codes, NDArray[np.int64]]:
    """Merge rows with equal covariates.

    Parameters
    ----------
    x : array (rows, K)
    codes : array (rows,)
        Of organizations.
    answers : array (rows, C)
        Counts.

    Returns
    -------
    x (P, K), codes (P,), answers (P, C)
        By organization; patterns that nobody has are left out.
    """
    there = answers.any(axis=1)
    keys = np.column_stack([codes[there], x[there] + 0.0])  # -0.0 is 0.0
    order = np.lexsort(keys.T[::-1])
    keys = keys[order]
    starts = np.ones(len(keys), dtype=bool)
    starts[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    counted = np.add.reduceat(answers[there][order], np.flatnonzero(starts), axis=0) if len(keys) else answers[:0]
    return keys[starts, 1:], keys[starts, 0].astype(np.intp), counted


def pooled_products(x: Floats, codes: Codes, weight: Floats, n_org: int) -> Floats:
    """Sums of squares and products about the means of organizations, (K, K)."""
    total = np.bincount(codes, weights=weight, minlength=n_org)
    means = np.stack([np.bincount(codes, weights=weight * one, minlength=n_org) for one in x.T], axis=1)
    centred = x - (means / np.maximum(total, 1)[:, None])[codes]
    return np.asarray((weight[:, None] * centred).T @ centred)


def pooled_spread(x: Floats, codes: Codes, weight: Floats, n_org: int) -> Floats:
    """Pooled SDs within organizations, (K,), n - 1 each; exactly 0 where a column varies within none."""
    total = np.bincount(codes, weights=weight, minlength=n_org)
    freedom = max(float(np.maximum(total - 1, 0).sum()), 1.0)
    spread = np.sqrt(np.diag(pooled_products(x, codes, weight, n_org)) / freedom)
    return np.where(varies(x, codes, n_org), spread, 0.0)


def varies(x: Floats, codes: Codes, n_org: int) -> NDArray[np.bool_]:
    """Whether each column varies within some organization, (K,); patterns are those that somebody has."""
    return np.asarray(varies_within(x, codes, n_org).any(axis=0))


def varies_within(x: Floats, codes: Codes, n_org: int) -> NDArray[np.bool_]:
    """Whether each column varies within each organization, (J, K)."""
    low, high = np.full((n_org, x.shape[1]), np.inf), np.full((n_org, x.shape[1]), -np.inf)
    np.minimum.at(low, codes, x)
    np.maximum.at(high, codes, x)
    return np.asarray(high > low)
