"""The kernel in nutpie: the undocumented class is as expected, the way around it works, nothing is compiled twice."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import textwrap
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.kernel.posterior import plain_functions
from bayescx.model import engine
from bayescx.model.arrays import Arrays
from bayescx.model.nuts import SamplerSettings
from bayescx.model.prepare import prepare
from bayescx.model.start import Start, find_start

MODEL = "trust ~ satisfaction; loyalty ~ trust + satisfaction"


@pytest.fixture(scope="module")
def start(example_rows: pd.DataFrame) -> Start:
    evidence = bcx.Evidence.from_rows(example_rows, organization="organization")
    at = prepare(bcx.parse_model(MODEL), evidence)
    return find_start(Arrays.of(at.layout, at.sample, at.priors))


SETTINGS: dict[str, Any] = {"chains": 4, "cores": 2, "seed": 3, "target_accept": 0.9, "progressbar": False}


def test_nutpie_has_the_class_that_we_lean_on() -> None:
    """When this fails, nutpie changed: check `compile_kernel` before raising the cap in pyproject.toml."""
    from nutpie.compile_pymc import CompiledPyMCModel

    fields = {field.name: field for field in dataclasses.fields(CompiledPyMCModel)}
    assert set(fields) >= engine._EXPECTED
    for name in set(fields) - engine._EXPECTED:  # what we do not give must have a default
        missing = (fields[name].default, fields[name].default_factory)
        assert missing != (dataclasses.MISSING, dataclasses.MISSING), name


def test_the_compiled_model_speaks_of_c_functions(start: Start) -> None:
    from nutpie.compile_pymc import CompiledPyMCModel

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled = engine.compile_kernel(start)
    assert isinstance(compiled, CompiledPyMCModel)
    assert compiled.n_dim == start.arrays.n_dim
    assert (compiled.compiled_logp_func, compiled.compiled_expand_func) == plain_functions()
    names, slices, shapes = compiled.shape_info
    assert names == ["shared", "mu", "tau", "own"]
    assert [s.stop - s.start for s in slices] == [int(np.prod(shape)) for shape in shapes]
    assert slices[-1].stop == start.arrays.n_expanded == compiled.n_expanded


def test_expanded_draws_are_those_of_the_kernel(start: Start) -> None:
    sampled = engine.sample_kernel(start, SamplerSettings(draws=50, tune=50, **SETTINGS))
    posterior = sampled["posterior"].to_dataset()
    assert {name: array.shape[2:] for name, array in posterior.data_vars.items()} == engine.sizes(start.arrays)
    assert (posterior["tau"] > 0).all()
    assert sampled["sample_stats"]["diverging"].shape == (4, 50)


@pytest.mark.parametrize("lost", ["class", "field"])
def test_the_way_through_python_gives_the_same_posterior(
    start: Start, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    from nutpie import compile_pymc

    usual = engine.sample_kernel(start, SamplerSettings(draws=500, tune=500, **SETTINGS))["posterior"].to_dataset()
    if lost == "class":
        monkeypatch.delattr(compile_pymc, "CompiledPyMCModel")
    else:
        monkeypatch.setattr(engine, "_EXPECTED", engine._EXPECTED | {"a field of another version"})
    with pytest.warns(RuntimeWarning, match="no CompiledPyMCModel as bayescx knows it"):
        around = engine.sample_kernel(start, SamplerSettings(draws=500, tune=500, **SETTINGS))["posterior"].to_dataset()
    assert {name: array.shape for name, array in around.data_vars.items()} == {
        name: array.shape for name, array in usual.data_vars.items()
    }
    from arviz_stats import ess

    for name in ("mu", "tau", "own"):
        one, other = usual[name], around[name]
        sd = one.std(("chain", "draw"))
        size = np.minimum(ess(usual)[name].values, ess(around)[name].values)
        difference = np.abs(one.mean(("chain", "draw")) - other.mean(("chain", "draw"))) / sd
        assert (difference.values < 5 * np.sqrt(2 / size)).all()
        ratio = other.std(("chain", "draw")) / sd
        assert ratio.values == pytest.approx(1, abs=0.25)


def test_the_way_through_python_rejects_impossible_points(start: Start) -> None:
    compiled = engine._through_python(start)
    logp = compiled._make_logp_func()
    value, gradient = logp(start.centre)
    assert np.isfinite(value)
    assert gradient.shape == start.centre.shape
    with pytest.raises(ValueError, match="density is zero here") as error:
        logp(np.full(start.centre.size, 1e4))
    assert error.value.is_recoverable  # type: ignore[attr-defined]


IN_A_NEW_PROCESS = textwrap.dedent(
    """
    import json, sys, warnings
    from numba.core import event
    compiled = []
    class Listener(event.Listener):
        def on_start(self, happening): compiled.append(happening.data["dispatcher"].py_func.__module__)
        def on_end(self, happening): pass
    event.register("numba:compile", Listener())
    import numpy as np, pandas as pd, bayescx as bcx
    rng = np.random.default_rng(1)
    warnings.simplefilter("ignore")
    for text in ("y ~ x1 + x2", "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; g ~ f", "f =~ x1 + x2 + x3; y ~ f; x1 ~~ x2"):
        model = bcx.parse_model(text)
        common = rng.standard_normal((90, 1))
        rows = pd.DataFrame(rng.standard_normal((90, len(model.observed))) + common, columns=list(model.observed))
        evidence = bcx.Evidence.from_rows(rows.assign(o=["a", "b", "c"] * 30), organization="o")
        bcx.fit(model, evidence, draws=10, tune=10, chains=1, random_seed=1, progressbar=False)
    from bayescx.kernel.posterior import plain_functions
    print(json.dumps({"compiled": compiled, "hits": [function.cache_hits for function in plain_functions()]}))
    """
)


def test_nothing_is_compiled_in_a_second_process() -> None:
    """The functions of this process are in the cache; another process, whatever its models, only loads them."""
    assert all(function.address for function in plain_functions())
    done = subprocess.run([sys.executable, "-c", IN_A_NEW_PROCESS], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["hits"] == [1, 1]
    assert [module for module in found["compiled"] if module.startswith("bayescx")] == []
