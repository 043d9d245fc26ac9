from __future__ import annotations

import pytest
import xarray as xr

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
