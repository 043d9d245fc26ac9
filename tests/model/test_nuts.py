from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from bayescx.errors import FitError
from bayescx.model.nuts import SamplerSettings, run_nutpie


@pytest.mark.parametrize(("chains", "draws"), [(4, 99), (3, 100), (0, 0)])
def test_draws_that_an_interrupt_leaves_are_no_posterior(
    monkeypatch: pytest.MonkeyPatch, chains: int, draws: int
) -> None:
    """nutpie answers Ctrl-C with the draws so far."""
    import nutpie

    stats = xr.Dataset({"logp": (("chain", "draw"), [[0.0] * draws] * chains)}) if chains else xr.Dataset()
    monkeypatch.setattr(nutpie, "sample", lambda *_, **__: xr.DataTree.from_dict({"sample_stats": stats}))
    settings = SamplerSettings(
        draws=100, tune=100, chains=4, cores=2, seed=1, target_accept=0.9, progressbar=False
    )  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        run_nutpie(None, settings)


def _fails(*_: Any, **__: Any) -> None:
    raise RuntimeError("All initial points failed:\n logp is not finite")


def test_a_sampler_that_gives_up_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    import nutpie

    monkeypatch.setattr(nutpie, "sample", _fails)
    settings = SamplerSettings(
        draws=100, tune=100, chains=4, cores=2, seed=1, target_accept=0.9, progressbar=False
    )  # fmt: skip
    with pytest.raises(FitError, match="sampling failed: All initial points failed: logp is not finite"):
        run_nutpie(None, settings)


def test_the_command_line_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import nutpie

    from bayescx.cli.main import main

    model, figures = tmp_path / "m.lavaan", tmp_path / "figures.toml"
    model.write_text("y ~ x\n", encoding="utf-8")
    figures.write_text(
        '[[published]]\nstatistic = "r_squared"\noutcome = "y"\nvalue = 0.5\norganizations = ["one"]\nn_obs = 400\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(nutpie, "sample", _fails)
    with pytest.raises(SystemExit) as stopped:
        main(["fit", str(model), str(figures), "-o", str(tmp_path / "fit.nc"), "--quiet"])
    assert stopped.value.code == 2
    shown = " ".join(capsys.readouterr().err.split())
    assert "sampling failed: All initial points failed" in shown
    assert "Traceback" not in shown
