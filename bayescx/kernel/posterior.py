"""The log posterior density as one machine function for every model, compiled once per machine.

``LOG_DENSITY`` and ``EXPAND`` are C functions with the signature nutpie calls: dimension, pointer to the free
parameters, pointers to write to, and a pointer to the record array of ``problem.pack``. They hold no Python object,
so chains run side by side.
"""

from __future__ import annotations

import ctypes
import hashlib
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numba import carray, cfunc, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from bayescx.kernel.compiled import compiled, inlined
from bayescx.kernel.general import general_likelihood
from bayescx.kernel.latent import latent_likelihood
from bayescx.kernel.observed import observed_likelihood
from bayescx.kernel.pooling import place, population_sd, pull_back
from bayescx.kernel.problem import LATENT, OBSERVED, RECORD, Data, Pooling, Priors, Steering, Structure, Work

__all__ = ["EXPAND", "LOG_DENSITY", "expand", "log_density"]


def _source_fingerprint() -> int:
    # numba's disk cache watches one file; this number, closed over below, makes it watch them all
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:7], "big")


@intrinsic
def _floats_at(typing_context, address):
    """Pointer to doubles from an address."""

    def codegen(context, builder, signature, args):
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.float64)(types.uint64), codegen


@intrinsic
def _ints_at(typing_context, address):
    """Pointer to 64-bit integers from an address."""

    def codegen(context, builder, signature, args):
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.int64)(types.uint64), codegen


@intrinsic
def _records_at(typing_context, pointer):
    """The record array behind nutpie's untyped ``user_data`` pointer."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.uint64)(types.voidptr), codegen


@compiled
def _length(records, index, axis):
    return np.int64(records[RECORD * index + 1 + axis])


@compiled
def _ints(records, index):
    return carray(_ints_at(records[RECORD * index]), (_length(records, index, 0),))


@compiled
def _int_matrix(records, index):
    return carray(_ints_at(records[RECORD * index]), (_length(records, index, 0), _length(records, index, 1)))


@compiled
def _floats(records, index):
    return carray(_floats_at(records[RECORD * index]), (_length(records, index, 0),))


@compiled
def _matrix(records, index):
    return carray(_floats_at(records[RECORD * index]), (_length(records, index, 0), _length(records, index, 1)))


@compiled
def _cube(records, index):
    lengths = (_length(records, index, 0), _length(records, index, 1), _length(records, index, 2))
    return carray(_floats_at(records[RECORD * index]), lengths)


@inlined
def _unpack(r):
    """The five groups of arrays, in the order in which ``problem.pack`` was given them."""
    data = Data(_floats(r, 0), _cube(r, 1))
    structure = Structure(
        _ints(r, 2),
        _ints(r, 3), _ints(r, 4), _ints(r, 5), _floats(r, 6),
        _ints(r, 7), _ints(r, 8), _ints(r, 9), _floats(r, 10),
        _ints(r, 11), _floats(r, 12), _ints(r, 13), _floats(r, 14),
        _ints(r, 15), _ints(r, 16), _int_matrix(r, 17), _int_matrix(r, 18), _int_matrix(r, 19), _ints(r, 20),
    )  # fmt: skip
    pooling = Pooling(
        _ints(r, 21), _ints(r, 22), _floats(r, 23), _ints(r, 24), _floats(r, 25), _floats(r, 26), _floats(r, 27),
        _floats(r, 28), _floats(r, 29), _floats(r, 30), _ints(r, 31), _ints(r, 32), _ints(r, 33), _floats(r, 34),
        _matrix(r, 35),
    )  # fmt: skip
    priors = Priors(
        _ints(r, 36), _matrix(r, 37), _ints(r, 38), _matrix(r, 39),
        _ints(r, 40), _matrix(r, 41), _ints(r, 42), _matrix(r, 43),
    )  # fmt: skip
    return data, structure, pooling, priors, Steering(_matrix(r, 44), _matrix(r, 45), _matrix(r, 46))


@inlined
def _work(structure, priors, steering):
    """Room for one evaluation."""
    n_org, n_own = steering.information.shape
    return Work(
        np.zeros((n_org, structure.options[1])),
        np.empty(n_own), np.empty(n_own), np.empty(priors.mean_family.shape[0]),
        np.empty((n_org, n_own)), np.empty((n_org, n_own)), np.empty(steering.block.shape),
    )  # fmt: skip


@inlined
def _density(x, gradient, records):
    """Log posterior density of the free parameters ``x`` (D,), its derivative written to ``gradient`` (D,)."""
    data, structure, pooling, priors, steering = _unpack(records)
    work = _work(structure, priors, steering)
    adjoint = np.zeros_like(work.u)
    gradient[:] = 0.0
    log_p = place(x, pooling, priors, steering, work, gradient)
    if structure.options[0] == OBSERVED:
        log_p += observed_likelihood(data, structure, work.u, adjoint)
    elif structure.options[0] == LATENT:
        log_p += latent_likelihood(data, structure, work.u, adjoint)
    else:
        log_p += general_likelihood(data, structure, work.u, adjoint)
    pull_back(x, pooling, priors, steering, work, adjoint, gradient)
    return log_p


@inlined
def _expand(x, out, records):
    """Write shared components, population means and SDs, and every organization's own components to ``out``."""
    _, structure, pooling, priors, steering = _unpack(records)
    work = _work(structure, priors, steering)
    place(x, pooling, priors, steering, work, np.empty(x.shape[0]))
    n_org, n_own = steering.information.shape
    n_shared, n_z = pooling.shared_matrix.shape
    n_pop = priors.mean_family.shape[0]
    for i in range(n_shared):
        out[i] = work.u[0, pooling.shared_component[i]]
    for k in range(n_pop):
        out[n_shared + k] = pooling.mean_centre[k] + pooling.mean_scale[k] * x[n_z + k]
        out[n_shared + n_pop + k] = population_sd(x[n_z + n_pop + k], pooling.sd_scale[k])
    first = n_shared + 2 * n_pop
    for j in range(n_org):
        for o in range(n_own):
            out[first + j * n_own + o] = work.u[j, pooling.own_component[o]]


_DOUBLES = types.CPointer(types.double)


def _compile() -> tuple[Any, Any]:
    fingerprint = _source_fingerprint()

    @cfunc(types.int64(types.uint64, _DOUBLES, _DOUBLES, _DOUBLES, types.voidptr), cache=True)
    def density(dim, x, gradient, log_p, user_data):
        n = np.int64(dim)
        out = carray(gradient, (n,))
        log_p[0] = _density(carray(x, (n,)), out, _records_at(user_data))
        finite = np.isfinite(log_p[0])
        for i in range(n):
            finite = finite and np.isfinite(out[i])
        if not finite and fingerprint >= 0:  # always so: reading the fingerprint puts it into the cache's key
            return 4
        return 0

    @cfunc(types.int64(types.uint64, types.uint64, _DOUBLES, _DOUBLES, types.voidptr), cache=True)
    def expansion(dim, n_expanded, x, expanded, user_data):
        out = carray(expanded, (np.int64(n_expanded),))
        _expand(carray(x, (np.int64(dim),)), out, _records_at(user_data))
        return 0 if fingerprint >= 0 else 4

    return density, expansion


def _notice() -> None:
    sys.stderr.write("bayescx: compiling the density, once on this machine (about 20 seconds) ...\n")


def _compiled_or_loaded() -> tuple[Any, Any]:
    # from numba's cache this takes a fraction of a second; only a wait worth explaining is explained
    timer = threading.Timer(2.0, _notice)
    timer.daemon = True
    timer.start()
    try:
        return _compile()
    finally:
        timer.cancel()


LOG_DENSITY, EXPAND = _compiled_or_loaded()

_DOUBLE_POINTER = ctypes.POINTER(ctypes.c_double)
Floats = NDArray[np.float64]


def _pointer(array: Floats) -> Any:
    return array.ctypes.data_as(_DOUBLE_POINTER)


def log_density(x: Floats, records: NDArray[np.uint64]) -> tuple[float, Floats]:
    """Log posterior density at ``x`` (D,) and its gradient; -inf outside the support."""
    x = np.ascontiguousarray(x, dtype=np.float64)
    gradient, value = np.empty_like(x), np.empty(1)
    failed = LOG_DENSITY.ctypes(x.size, _pointer(x), _pointer(gradient), _pointer(value), records.ctypes.data)
    return (-np.inf if failed else float(value[0])), gradient


def expand(x: Floats, n_expanded: int, records: NDArray[np.uint64]) -> Floats:
    """Shared components, population means and SDs, and own components organization by organization, at ``x``."""
    x = np.ascontiguousarray(x, dtype=np.float64)
    out = np.empty(n_expanded)
    EXPAND.ctypes(x.size, n_expanded, _pointer(x), _pointer(out), records.ctypes.data)
    return out
