"""The shipped study: made by the command that its README records, with the figures that the columns published."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.cli import main

FOLDER = Path(__file__).parents[1] / "data" / "ten_organizations"


def recorded_command() -> list[str]:
    """The words of the README's indented command, continued lines joined."""
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("    bayescx simulate"))
    command = ""
    for line in lines[start:]:
        if not line.startswith("    "):
            break
        command += line.strip().removesuffix("\\") + " "
    return shlex.split(command)[1:]


def test_the_recorded_command_makes_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(recorded_command())
    assert not stop.value.code
    rows, shipped = (pd.read_csv(folder / "rows.csv") for folder in (tmp_path, FOLDER))
    assert rows["organization"].equals(shipped["organization"])
    # a last digit may be rounded the other way where the linear algebra differs
    np.testing.assert_allclose(rows.drop(columns="organization"), shipped.drop(columns="organization"), atol=1.1e-3)
    truth, known = (pd.read_csv(folder / "truth.csv") for folder in (tmp_path, FOLDER))
    pd.testing.assert_frame_equal(truth, known, rtol=1e-9)


def test_the_typical_organization_has_the_published_figures() -> None:
    truth = bcx.load_truth("ten_organizations").query("organization == 'typical'")
    path, explained = (
        truth[truth["kind"] == kind].set_index("parameter")["value"] for kind in ("standardized_path", "r_squared")
    )
    assert path["trust_cs~satisfaction_cs"] == pytest.approx(0.86)
    published = {
        "connection_cs": 0.30, "satisfaction_company": 0.60, "trust_company": 0.70, "connection_company": 0.76,
        "loyalty": 0.68,
    }  # fmt: skip
    assert explained[list(published)].to_dict() == pytest.approx(published, abs=1e-5)
    trust, connection = path["loyalty~trust_company"], path["loyalty~connection_company"]
    assert (trust + connection) / path["loyalty~satisfaction_company"] == pytest.approx(4, abs=1e-4)
    assert trust == pytest.approx(connection, abs=1e-5)
    assert path["trust_company~trust_cs"] == pytest.approx(path["trust_company~satisfaction_company"], abs=1e-5)
    assert path["connection_company~trust_company"] == pytest.approx(path["connection_company~connection_cs"], abs=1e-5)


def test_organizations_deviate_by_about_as_much_as_said_and_keep_their_residuals() -> None:
    truth = bcx.load_truth("ten_organizations").pivot_table(
        index="organization", columns=["kind", "parameter"], values="value"
    )
    deviations = truth["path"].drop("typical") - truth["path"].loc["typical"]
    assert 0.06 < float(np.sqrt((deviations**2).to_numpy().mean())) < 0.10  # 100 draws of SD 0.08
    assert (truth["variance"] == truth["variance"].loc["typical"]).to_numpy().all()


def test_sizes_lie_between_150_and_600_and_everything_is_called_simulated() -> None:
    evidence = bcx.load_evidence("ten_organizations")
    matched = evidence.matched(bcx.load_model("value_creation").observed)
    assert evidence.simulated
    assert len(matched.organizations) == matched.n_planned == 10
    assert ((matched.n_obs >= 150) & (matched.n_obs <= 600)).all()
    assert "Simulated" in (FOLDER / "README.md").read_text(encoding="utf-8")
    assert "Simulated" in (FOLDER / "evidence.toml").read_text(encoding="utf-8")


def test_only_what_was_simulated_has_a_truth() -> None:
    with pytest.raises(bcx.EvidenceError, match="did you mean 'ten_organizations'"):
        bcx.load_truth("ten_organisations")


def test_the_intervals_hold_the_truth_at_the_expected_rate() -> None:
    """176 values: about 9 misses are expected, and with their correlation hardly ever more than 20."""
    model, evidence = bcx.load_model("value_creation"), bcx.load_evidence("ten_organizations")
    fit = bcx.fit(model, evidence, random_seed=1, progressbar=False)
    truth = bcx.load_truth("ten_organizations").set_index(["kind", "organization", "parameter"])["value"]
    outside = 0
    for kind, estimand, label in (
        ("standardized_path", bcx.direct_effects, "path"),
        ("r_squared", bcx.r_squared, "outcome"),
    ):
        for target in ("typical", "organization"):
            for row in bcx.summarize(estimand(fit, target), kind="stats").to_dict("records"):
                value = truth[kind, row.get("organization", "typical"), row[label]]
                outside += not row["eti95_lb"] <= value <= row["eti95_ub"]
    assert outside <= 20


def test_the_measured_model_is_the_same_system_seen_through_items() -> None:
    plain, measured = bcx.load_model("value_creation"), bcx.load_model("value_creation_latent")
    assert [row.name for row in measured.paths] == [row.name for row in plain.paths]
    assert measured.constructs == plain.constructs
    assert len(measured.items) == 6 * 3 + 2
    assert {row.rhs for row in measured.loadings if row.lhs == "loyalty"} == {"word_of_mouth", "repeat_purchase"}
    assert [measured.in_words(name) for name in measured.constructs] == [plain.in_words(n) for n in plain.constructs]
