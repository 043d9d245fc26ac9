"""From a path model and evidence to a posterior: the only room that knows PyMC and nutpie.

Names load on first use: laying out a model must not wait for a sampler.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bayescx.model.build import build_model as build_model
    from bayescx.model.likelihood import log_likelihood as log_likelihood
    from bayescx.model.prepare import prepare as prepare
    from bayescx.model.sample import fit as fit

__all__ = ["build_model", "fit", "log_likelihood", "prepare"]

_HOMES = {"build_model": "build", "fit": "sample", "log_likelihood": "likelihood", "prepare": "prepare"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
