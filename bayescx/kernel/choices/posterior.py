"""The log posterior density of ordered probits as one machine function, compiled once per machine.

Pooling, priors and steering are those of the other posteriors, and so is the record array: without moments and paths,
the choices follow behind.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numba import carray, cfunc
from numpy.typing import NDArray

from bayescx.kernel.choices.likelihood import Choices, choice_likelihood
from bayescx.kernel.compiled import inlined
from bayescx.kernel.pooling import place, pull_back
from bayescx.kernel.posterior import (
    DENSITY,
    EXPANSION,
    compiled_or_loaded,
    is_finite,
    pointer,
    room_for,
    write_draw,
)
from bayescx.kernel.problem import Data, Moderation, Pooling, Priors, Steering, Structure, pack
from bayescx.kernel.records import N_PLAIN, ints, matrix, records_at, unpack

__all__ = ["expand", "functions", "log_density", "pack_choices"]

Floats = NDArray[np.float64]


def pack_choices(
    choices: Choices, pooling: Pooling, priors: Priors, steering: Steering
) -> tuple[NDArray[np.uint64], list[NDArray[np.generic]]]:
    """Lay out all arrays for the compiled density, as ``problem.pack`` does."""
    n_component = choices.counts.shape[1] - 1 + choices.x.shape[1]
    no, floats, cells = np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((0, 0), dtype=np.int64)
    blank = Structure(
        np.array([0, n_component], dtype=np.int64), no, no, no, floats, no, no, no, floats, no, floats, no, floats, no,
        no, cells, cells, cells, no,
    )  # fmt: skip
    same = Moderation.nothing(len(pooling.sd_scale), len(pooling.told_estimate))
    return pack(Data(floats, np.zeros((0, 0, 0))), blank, pooling, priors, steering, same, choices)


@inlined
def _choices(r):
    return Choices(ints(r, N_PLAIN), matrix(r, N_PLAIN + 1), matrix(r, N_PLAIN + 2))


@inlined
def _density(x, gradient, records):
    _, structure, pooling, priors, steering, moderation = unpack(records)
    work = room_for(structure, priors, steering, moderation)
    adjoint = np.zeros_like(work.u)
    gradient[:] = 0.0
    log_p = place(x, pooling, priors, steering, moderation, work, gradient)
    log_p += choice_likelihood(_choices(records), work.u, adjoint)
    pull_back(x, pooling, priors, steering, moderation, work, adjoint, gradient)
    return log_p


@inlined
def _expand(x, out, records):
    _, structure, pooling, priors, steering, moderation = unpack(records)
    work = room_for(structure, priors, steering, moderation)
    place(x, pooling, priors, steering, moderation, work, np.empty(x.shape[0]))
    write_draw(x, out, pooling, priors, steering, moderation, work)


def _source_fingerprint() -> int:
    # as in kernel.posterior, over that folder and this one: what is compiled here comes from both
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:7], "big")


def _compile() -> tuple[Any, Any]:
    fingerprint = _source_fingerprint()

    @cfunc(DENSITY, cache=True)
    def choice_density(dim, x, gradient, log_p, user_data):
        n = np.int64(dim)
        out = carray(gradient, (n,))
        log_p[0] = _density(carray(x, (n,)), out, records_at(user_data))
        return 0 if is_finite(log_p[0], out) and fingerprint >= 0 else 4

    @cfunc(EXPANSION, cache=True)
    def choice_expansion(dim, n_expanded, x, expanded, user_data):
        out = carray(expanded, (np.int64(n_expanded),))
        _expand(carray(x, (np.int64(dim),)), out, records_at(user_data))
        return 0 if fingerprint >= 0 else 4

    return choice_density, choice_expansion


@cache
def functions() -> tuple[Any, Any]:
    """Density and expansion; compiled once per machine."""
    return compiled_or_loaded("the density of choices", _compile)


def log_density(x: Floats, records: NDArray[np.uint64]) -> tuple[float, Floats]:
    """Log posterior density at ``x`` (D,) and its gradient; -inf outside the support."""
    x = np.ascontiguousarray(x, dtype=np.float64)
    gradient, value = np.empty_like(x), np.empty(1)
    failed = functions()[0].ctypes(x.size, pointer(x), pointer(gradient), pointer(value), records.ctypes.data)
    return (-np.inf if failed else float(value[0])), gradient


def expand(x: Floats, n_expanded: int, records: NDArray[np.uint64]) -> Floats:
    """Shared components, population means and SDs, and own components organization by organization, at ``x``."""
    x = np.ascontiguousarray(x, dtype=np.float64)
    out = np.empty(n_expanded)
    functions()[1].ctypes(x.size, n_expanded, pointer(x), pointer(out), records.ctypes.data)
    return out
