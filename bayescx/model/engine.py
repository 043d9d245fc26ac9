"""The compiled density handed to nutpie.

nutpie takes the addresses of C functions through ``CompiledPyMCModel``, a class that is not documented API: its
fields are checked before use, and where they are not as expected the same density is called through Python, slower.
"""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import MODERATION
from bayescx.kernel.posterior import expand, functions_for, log_density
from bayescx.model.arrays import Arrays
from bayescx.model.nuts import SamplerSettings, run_nutpie
from bayescx.model.start import Start
from bayescx.model.starting import check_starts

__all__ = ["compile_kernel", "sample_kernel"]

_EXPECTED = {
    "dims", "reparameterized_names", "compiled_logp_func", "initial_point_func", "compiled_expand_func", "shared_data",
    "shared_var_keys", "user_data", "n_expanded", "shape_info", "logp_func", "expand_func", "_n_dim", "_shapes",
    "_coords",
}  # fmt: skip


def sizes(arrays: Arrays) -> dict[str, tuple[int, ...]]:
    """Shapes of what one expanded draw holds, in order."""
    n_pop = len(arrays.population)
    return {
        "shared": (len(arrays.shared),),
        "mu": (n_pop,),
        "tau": (n_pop,),
        "own": (len(arrays.sample.n_obs), len(arrays.own)),
        **({"extra": (arrays.n_extra,)} if arrays.n_extra else {}),
        **({MODERATION: (len(arrays.moderators),)} if arrays.moderators else {}),
    }


def compile_kernel(start: Start) -> Any:
    """A nutpie model of the posterior. Nothing is compiled here, except by the first call on a machine."""
    from nutpie import compile_pymc

    model_class = getattr(compile_pymc, "CompiledPyMCModel", None)
    known = {field.name for field in dataclasses.fields(model_class)} if model_class is not None else set()
    if model_class is None or not known >= _EXPECTED:
        warnings.warn(
            "this version of nutpie has no CompiledPyMCModel as bayescx knows it: the density is called through "
            "Python, so chains share one core; install the nutpie version named in constraints.txt",
            RuntimeWarning,
            stacklevel=2,
        )
        return _through_python(start)
    shapes = sizes(start.arrays)
    density, expansion = functions_for(start.arrays.records)
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes.values()])
    slices = [slice(int(a), int(b)) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    return model_class(
        dims={},
        reparameterized_names=[],
        compiled_logp_func=density,
        compiled_expand_func=expansion,
        initial_point_func=start.draw,  # a bound method: it keeps the arrays alive that user_data points to
        shared_data={},
        shared_var_keys={},
        user_data=start.arrays.records,
        n_expanded=start.arrays.n_expanded,
        shape_info=(list(shapes), slices, list(shapes.values())),
        logp_func=None,
        expand_func=None,
        _n_dim=start.arrays.n_dim,
        _shapes=shapes,
        _coords={},
    )


def _through_python(start: Start) -> Any:
    from nutpie.compiled_pyfunc import from_pyfunc

    arrays, shapes = start.arrays, sizes(start.arrays)

    def make_logp() -> Any:
        def logp(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            value, gradient = log_density(x, arrays.records)
            if not np.isfinite(value):
                error = ValueError("density is zero here")
                error.is_recoverable = True  # type: ignore[attr-defined]  # nutpie's sign for "reject, go on"
                raise error
            return value, gradient

        return logp

    def make_expand(*_seeds: Any, **_more: Any) -> Any:
        def expansion(x: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
            flat = expand(x, arrays.n_expanded, arrays.records)
            out, first = {}, 0
            for name, shape in shapes.items():
                size = int(np.prod(shape))
                out[name] = flat[first : first + size].reshape(shape)
                first += size
            return out

        return expansion

    return from_pyfunc(
        ndim=arrays.n_dim,
        make_logp_fn=make_logp,
        make_expand_fn=make_expand,
        expanded_dtypes=[np.dtype(np.float64)] * len(shapes),
        expanded_shapes=list(shapes.values()),
        expanded_names=list(shapes),
        make_initial_point_fn=start.draw,
    )


def sample_kernel(start: Start, settings: SamplerSettings) -> xr.DataTree:
    """Sample; the result has the expanded draws by group of components and nutpie's statistics.

    Raises
    ------
    FitError
        If the density is zero where chains would start.
    """
    check_starts(start, settings)
    return run_nutpie(compile_kernel(start), settings)
