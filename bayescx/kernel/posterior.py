"""The log posterior density as one machine function for every model, compiled once per machine.

Densities and expansions are C functions with the signature nutpie calls: dimension, pointer to the free parameters,
pointers to write to, and a pointer to the record array of ``problem.pack``. They hold no Python object, so chains run
side by side.
"""

from __future__ import annotations

import ctypes
import hashlib
import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numba import carray, cfunc, types
from numpy.typing import NDArray

from bayescx.kernel.anchored_back import pull_back_covariances
from bayescx.kernel.anchors import anchored_covariances, anchored_state
from bayescx.kernel.compiled import inlined
from bayescx.kernel.figures import declared_signs, figures_likelihood
from bayescx.kernel.general import general_likelihood
from bayescx.kernel.half_line import half_line, pull_back_half_line
from bayescx.kernel.latent import latent_likelihood
from bayescx.kernel.observed import observed_likelihood
from bayescx.kernel.patterns import patterned_likelihood
from bayescx.kernel.pooling import place, population_sd, pull_back
from bayescx.kernel.problem import LATENT, OBSERVED, RECORD, Work
from bayescx.kernel.records import N_PLAIN, records_at, unpack, unpack_figures, unpack_patterns

__all__ = [
    "DENSITY",
    "EXPANSION",
    "compiled_or_loaded",
    "expand",
    "functions_for",
    "is_finite",
    "log_density",
    "mixed_functions",
    "plain_functions",
    "pointer",
    "room_for",
    "write_draw",
]


def _source_fingerprint() -> int:
    # numba's disk cache watches one file; this number, closed over below, makes it watch them all
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:7], "big")


@inlined
def room_for(structure, priors, steering, moderation):
    """Room for one evaluation."""
    n_org, n_own = steering.information.shape
    n_pop, n_gamma = priors.mean_family.shape[0], moderation.column.shape[0]
    side = 1 + n_gamma  # no population has more moderators than there are
    return Work(
        np.zeros((n_org, structure.options[1])),
        np.empty(n_own), np.empty(n_own), np.empty(n_pop), np.empty(n_pop), np.empty(n_pop), np.empty(n_pop),
        np.empty(n_pop),
        np.empty(priors.shared_family.shape[0]),
        np.empty((n_org, n_own)), np.empty((n_org, n_own)), np.empty(steering.block.shape),
        np.empty(n_gamma), np.empty(n_gamma), np.empty(n_gamma), np.empty((n_pop if n_gamma > 0 else 0, side, side)),
        np.empty(n_own),
    )  # fmt: skip


@inlined
def _density(x, gradient, records):
    """Log posterior density of the free parameters ``x`` (D,), its derivative written to ``gradient`` (D,)."""
    data, structure, pooling, priors, steering, moderation = unpack(records)
    work = room_for(structure, priors, steering, moderation)
    adjoint = np.zeros_like(work.u)
    gradient[:] = 0.0
    log_p = place(x, pooling, priors, steering, moderation, work, gradient)
    if structure.options[0] == OBSERVED:
        log_p += observed_likelihood(data, structure, work.u, adjoint)
    elif structure.options[0] == LATENT:
        log_p += latent_likelihood(data, structure, work.u, adjoint)
    else:
        log_p += general_likelihood(data, structure, work.u, adjoint)
    pull_back(x, pooling, priors, steering, moderation, work, adjoint, gradient)
    return log_p


@inlined
def write_draw(x, out, pooling, priors, steering, moderation, work):
    """Write shared components, population means and SDs, every organization's own components, and last gamma."""
    n_org, n_own = steering.information.shape
    n_shared, n_z = pooling.shared_matrix.shape
    n_pop = priors.mean_family.shape[0]
    for i in range(n_shared):
        out[i] = work.u[0, pooling.shared_component[i]]
    for k in range(n_pop):
        out[n_shared + k] = work.centre[k]
        out[n_shared + n_pop + k] = population_sd(x[n_z + n_pop + k], pooling.sd_scale[k])
    first = n_shared + 2 * n_pop
    for j in range(n_org):
        for o in range(n_own):
            out[first + j * n_own + o] = work.u[j, pooling.own_component[o]]
    n_gamma = moderation.column.shape[0]
    for g in range(n_gamma):
        out[out.shape[0] - n_gamma + g] = work.gamma[g]


@inlined
def _expand(x, out, records):
    """Components of one draw, from complete moments."""
    _, structure, pooling, priors, steering, moderation = unpack(records)
    work = room_for(structure, priors, steering, moderation)
    place(x, pooling, priors, steering, moderation, work, np.empty(x.shape[0]))
    write_draw(x, out, pooling, priors, steering, moderation, work)


@inlined
def _mixed_density(x, gradient, records):
    """The same with missing patterns and published figures; free numbers of theirs stand last in ``x``."""
    data, structure, pooling, priors, steering, moderation = unpack(records)
    patterns = unpack_patterns(records)
    figures, anchors = unpack_figures(records)
    work = room_for(structure, priors, steering, moderation)
    adjoint = np.zeros_like(work.u)
    gradient[:] = 0.0
    log_p = place(x, pooling, priors, steering, moderation, work, gradient)
    n_org, n_own = steering.information.shape
    first_extra = pooling.shared_matrix.shape[1] + 2 * priors.mean_family.shape[0] + n_org * n_own
    extra, extra_gradient = x[first_extra:], gradient[first_extra:]
    n_slot, m = figures.member.shape[0], structure.psi_component.shape[0]
    state = anchored_state(n_slot, structure, anchors)
    slope = np.zeros((n_slot, m, m))
    before = np.zeros((n_slot, figures.signed.shape[0]))
    if n_slot > 0:
        log_p += half_line(figures, pooling, work, before)
        log_p += anchored_covariances(x, structure, pooling, priors, anchors, figures.member, work, state)
        if log_p > -np.inf:
            log_p += figures_likelihood(figures, structure, state.phi, extra, slope, extra_gradient)
    if not log_p > -np.inf:
        return -np.inf
    if structure.options[0] == OBSERVED:
        log_p += observed_likelihood(data, structure, work.u, adjoint)
    elif structure.options[0] == LATENT:
        log_p += latent_likelihood(data, structure, work.u, adjoint)
    else:
        log_p += general_likelihood(data, structure, work.u, adjoint)
    log_p += patterned_likelihood(patterns, structure, work.u, extra, adjoint, extra_gradient)
    by_figures = np.zeros_like(gradient)  # apart, because pull_back sets the entries of eps
    if n_slot > 0:
        log_p += declared_signs(figures, work.u, adjoint)
        pull_back_covariances(
            x, structure, pooling, priors, anchors, figures.member, work, state, slope, adjoint, by_figures
        )  # fmt: skip
        pull_back_half_line(
            figures, pooling, pooling.shared_matrix.shape[1], priors.mean_family.shape[0], work, before, adjoint,
            by_figures
        )  # fmt: skip
    pull_back(x, pooling, priors, steering, moderation, work, adjoint, gradient)
    for k in range(gradient.shape[0]):
        gradient[k] += by_figures[k]
    return log_p


@inlined
def _mixed_expand(x, out, records):
    """Components of one draw, and its extra free numbers."""
    _, structure, pooling, priors, steering, moderation = unpack(records)
    figures, anchors = unpack_figures(records)
    work = room_for(structure, priors, steering, moderation)
    place(x, pooling, priors, steering, moderation, work, np.empty(x.shape[0]))
    if figures.member.shape[0] > 0:
        half_line(figures, pooling, work, np.zeros((figures.member.shape[0], figures.signed.shape[0])))
        state = anchored_state(figures.member.shape[0], structure, anchors)
        anchored_covariances(x, structure, pooling, priors, anchors, figures.member, work, state)
    write_draw(x, out, pooling, priors, steering, moderation, work)
    n_org, n_own = steering.information.shape
    first_x = pooling.shared_matrix.shape[1] + 2 * priors.mean_family.shape[0] + n_org * n_own
    first_out = pooling.shared_matrix.shape[0] + 2 * priors.mean_family.shape[0] + n_org * n_own
    for k in range(x.shape[0] - first_x - moderation.column.shape[0]):
        out[first_out + k] = x[first_x + k]


_DOUBLES = types.CPointer(types.double)
DENSITY = types.int64(types.uint64, _DOUBLES, _DOUBLES, _DOUBLES, types.voidptr)
EXPANSION = types.int64(types.uint64, types.uint64, _DOUBLES, _DOUBLES, types.voidptr)


def _compile() -> tuple[Any, Any]:
    fingerprint = _source_fingerprint()

    @cfunc(DENSITY, cache=True)
    def density(dim, x, gradient, log_p, user_data):
        n = np.int64(dim)
        out = carray(gradient, (n,))
        log_p[0] = _density(carray(x, (n,)), out, records_at(user_data))
        # always at least 0: reading the fingerprint puts it into the cache's key
        return 0 if is_finite(log_p[0], out) and fingerprint >= 0 else 4

    @cfunc(EXPANSION, cache=True)
    def expansion(dim, n_expanded, x, expanded, user_data):
        out = carray(expanded, (np.int64(n_expanded),))
        _expand(carray(x, (np.int64(dim),)), out, records_at(user_data))
        return 0 if fingerprint >= 0 else 4

    return density, expansion


def _compile_mixed() -> tuple[Any, Any]:
    fingerprint = _source_fingerprint()

    @cfunc(DENSITY, cache=True)
    def mixed_density(dim, x, gradient, log_p, user_data):
        n = np.int64(dim)
        out = carray(gradient, (n,))
        log_p[0] = _mixed_density(carray(x, (n,)), out, records_at(user_data))
        return 0 if is_finite(log_p[0], out) and fingerprint >= 0 else 4

    @cfunc(EXPANSION, cache=True)
    def mixed_expansion(dim, n_expanded, x, expanded, user_data):
        out = carray(expanded, (np.int64(n_expanded),))
        _mixed_expand(carray(x, (np.int64(dim),)), out, records_at(user_data))
        return 0 if fingerprint >= 0 else 4

    return mixed_density, mixed_expansion


@inlined
def is_finite(value, gradient):
    """Whether a density and its derivatives are numbers."""
    fine = np.isfinite(value)
    for slope in gradient:
        fine = fine and np.isfinite(slope)
    return fine


def _notice(what: str) -> None:
    sys.stderr.write(f"bayescx: compiling {what}, once on this machine (up to a minute) ...\n")


def compiled_or_loaded(what: str, compile_it: Callable[[], tuple[Any, Any]]) -> tuple[Any, Any]:
    """Get compiled functions, with a word on standard error where that takes longer."""
    # from numba's cache this takes a fraction of a second; only a wait worth explaining is explained
    timer = threading.Timer(2.0, _notice, (what,))
    timer.daemon = True
    timer.start()
    try:
        return compile_it()
    finally:
        timer.cancel()


@cache
def plain_functions() -> tuple[Any, Any]:
    """Density and expansion for complete moments; compiled once per machine."""
    return compiled_or_loaded("the density", _compile)


@cache
def mixed_functions() -> tuple[Any, Any]:
    """Density and expansion for missing patterns and published figures; compiled once per machine."""
    return compiled_or_loaded("the density for figures and missing answers", _compile_mixed)


def functions_for(records: NDArray[np.uint64]) -> tuple[Any, Any]:
    """Density and expansion: only evidence with patterns or figures pays for compiling the longer ones."""
    return plain_functions() if records.size == RECORD * N_PLAIN else mixed_functions()


_DOUBLE_POINTER = ctypes.POINTER(ctypes.c_double)
Floats = NDArray[np.float64]


def pointer(array: Floats) -> Any:
    """Point to the numbers of an array, as the compiled functions take them."""
    return array.ctypes.data_as(_DOUBLE_POINTER)


def log_density(x: Floats, records: NDArray[np.uint64]) -> tuple[float, Floats]:
    """Log posterior density at ``x`` (D,) and its gradient; -inf outside the support."""
    x = np.ascontiguousarray(x, dtype=np.float64)
    gradient, value = np.empty_like(x), np.empty(1)
    density, _ = functions_for(records)
    failed = density.ctypes(x.size, pointer(x), pointer(gradient), pointer(value), records.ctypes.data)
    return (-np.inf if failed else float(value[0])), gradient


def expand(x: Floats, n_expanded: int, records: NDArray[np.uint64]) -> Floats:
    """Shared components, population means and SDs, own components organization by organization, and extra, at ``x``."""
    x = np.ascontiguousarray(x, dtype=np.float64)
    out = np.empty(n_expanded)
    _, expansion = functions_for(records)
    expansion.ctypes(x.size, n_expanded, pointer(x), pointer(out), records.ctypes.data)
    return out
