"""Makes the simulated study of effort: 75,000 customers of 30 companies, and the values behind them.

``python data/make_effort.py`` writes rows.parquet, evidence.toml and truth.csv into the folder effort beside this file,
or below a folder that is named. Population values are set so that what was printed about a study of 75,000 customers
holds of these: data/effort/README.md says which figures.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

Floats = NDArray[np.float64]

COMPANIES, RESPONDENTS, SEED = 30, 75_000, 20
EXCEEDED = 0.16
"""Share of customers whose expectations were exceeded: 84 % say they were not."""
LEAVE_IF_SATISFIED, STAY_IF_DISSATISFIED, DISLOYAL_TO_LOYAL = 0.20, 0.28, 4.0
SLOPE_SD, RATE_SD, TILT_SD = 0.03, 0.25, 0.15
"""SDs between companies: of pooled slopes, of log odds of the rates, of the log of disloyal to loyal."""

ISSUES = {"question": 0.30, "order": 0.20, "billing": 0.20, "delivery": 0.15, "technical": 0.15}
PERSONALITIES = {"controller": 0.30, "thinker": 0.25, "feeler": 0.25, "entertainer": 0.20}
INDUSTRIES = ("bank", "energy", "insurance", "retail", "telecom")

POOLED = ("below(expectations, 4)", "above(expectations, 4)", "below(effort, 3)", "above(effort, 3)")
LOYALTY = {
    "below(expectations, 4)": 0.04, "above(expectations, 4)": 0.03,
    "below(effort, 3)": -0.03, "above(effort, 3)": -0.04,
    "resolved": 0.05, "contacts": -0.01, "channel_switch": -0.02, "repeat_information": -0.02,
    "issue[order]": 0.02, "issue[billing]": -0.02, "issue[delivery]": -0.01, "issue[technical]": -0.03,
    "outsourced": -0.02, "tenure": 0.004,
    "product_quality": 0.22, "value": 0.17, "price": 0.10, "advertising": 0.05, "switching_costs": 0.06,
    "personality[thinker]": 0.02, "personality[feeler]": 0.08, "personality[entertainer]": 0.05, "mood": 0.06,
}  # fmt: skip
DISLOYALTY = {
    "below(expectations, 4)": -0.20, "above(expectations, 4)": -0.02,
    "below(effort, 3)": 0.06, "above(effort, 3)": 0.34,
    "resolved": -0.32, "contacts": 0.16, "channel_switch": 0.22, "repeat_information": 0.24,
    "issue[order]": 0.00, "issue[billing]": 0.05, "issue[delivery]": 0.04, "issue[technical]": 0.08,
    "outsourced": 0.06, "tenure": -0.010,
    "product_quality": -0.07, "value": -0.05, "price": -0.04, "advertising": 0.00, "switching_costs": -0.05,
    "personality[thinker]": 0.00, "personality[feeler]": 0.05, "personality[entertainer]": 0.02, "mood": -0.05,
}  # fmt: skip
RESIDUAL_SD = {"loyalty": 0.50, "disloyalty": 0.55}
CENTRE = {"loyalty": 1.0, "disloyalty": 1.2}


@dataclass(frozen=True)
class Company:
    """One company: its respondents, what is constant within it, and its own values."""

    name: str
    n_obs: int
    industry: str
    employees: int
    slopes: dict[tuple[str, str], float]
    leave: float
    stay: float
    tilt: float


def companies(rng: np.random.Generator) -> list[Company]:
    """Thirty of very different size: the smallest has 40 respondents, and one more 45."""
    weight = np.sort(rng.lognormal(0.0, 0.7, COMPANIES - 2))[::-1]
    sizes = np.floor(weight / weight.sum() * (RESPONDENTS - 85)).astype(int)
    sizes[0] += RESPONDENTS - 85 - sizes.sum()
    differ = rng.standard_normal((COMPANIES, 2 * len(POOLED) + 3))
    differ = (differ - differ.mean(axis=0)) / differ.std(axis=0)  # so that the thirty have what was printed, on average
    found = []
    pooled = [
        (outcome, term, values[term])
        for outcome, values in (("loyalty", LOYALTY), ("disloyalty", DISLOYALTY))
        for term in POOLED
    ]
    for number, (n_obs, own) in enumerate(zip([*sizes, 45, 40], differ, strict=True), start=1):
        slopes = {
            (outcome, term): value + SLOPE_SD * one
            for (outcome, term, value), one in zip(pooled, own[:-3], strict=True)
        }
        found.append(
            Company(
                f"company_{number:02d}", int(n_obs), INDUSTRIES[number % len(INDUSTRIES)],
                int(np.round(np.exp(rng.normal(7.0, 1.2)), -1)) + 10, slopes,
                float(expit(logit(LEAVE_IF_SATISFIED) + RATE_SD * own[-3])),
                float(expit(logit(STAY_IF_DISSATISFIED) + RATE_SD * own[-2])),
                float(np.log(DISLOYAL_TO_LOYAL) + TILT_SD * own[-1]),
            )
        )  # fmt: skip
    return found


def answers(rng: np.random.Generator, company: Company) -> pd.DataFrame:
    """What customers of one company answered, but for their intentions."""
    n = company.n_obs
    strain = rng.standard_normal(n)  # how the interaction went: behind expectations, effort and what happened
    product = rng.standard_normal(n)

    def scale(latent: Floats, share: tuple[float, ...]) -> NDArray[np.int64]:
        cuts = np.quantile(rng.standard_normal(200_000), np.cumsum(share)[:-1])
        return np.digitize(latent, cuts) + 1

    def mix(common: Floats, weight: float) -> Floats:
        return np.asarray(weight * common + np.sqrt(1 - weight**2) * rng.standard_normal(n))

    seven = (0.03, 0.06, 0.13, 0.24, 0.27, 0.18, 0.09)
    five = (0.10, 0.20, 0.35, 0.25, 0.10)
    met = (0.10, 0.14, 0.22, 1 - EXCEEDED - 0.46, 0.09, 0.05, EXCEEDED - 0.14)
    return pd.DataFrame(
        {
            "company": company.name,
            "industry": company.industry,
            "employees": company.employees,
            "expectations": scale(mix(-strain, 0.6), met),
            "effort": scale(mix(strain, 0.6), five),
            "resolved": (mix(-strain, 0.5) > -0.25).astype(int),
            "contacts": np.minimum(1 + rng.poisson(np.exp(-0.6 + 0.5 * strain)), 9),
            "channel_switch": (mix(strain, 0.4) > 0.5).astype(int),
            "repeat_information": (mix(strain, 0.4) > 0.3).astype(int),
            "issue": rng.choice(list(ISSUES), n, p=list(ISSUES.values())),
            "outsourced": (rng.random(n) < 0.35).astype(int),
            "tenure": np.round(np.minimum(rng.gamma(1.2, 3.0, n), 30.0)),
            "product_quality": scale(mix(product, 0.7), seven),
            "value": scale(mix(product, 0.7), seven),
            "price": scale(mix(product, 0.4), seven),
            "advertising": scale(rng.standard_normal(n), five),
            "switching_costs": scale(rng.standard_normal(n), five),
            "personality": rng.choice(list(PERSONALITIES), n, p=list(PERSONALITIES.values())),
            "mood": scale(mix(-strain, 0.2), five),
        }
    )


def coded(frame: pd.DataFrame) -> pd.DataFrame:
    """The terms of the two equations."""
    terms = {
        "below(expectations, 4)": np.minimum(frame["expectations"] - 4, 0),
        "above(expectations, 4)": np.maximum(frame["expectations"] - 4, 0),
        "below(effort, 3)": np.minimum(frame["effort"] - 3, 0),
        "above(effort, 3)": np.maximum(frame["effort"] - 3, 0),
    }
    for name in LOYALTY:
        column, bracket, level = name.partition("[")
        if name not in terms:
            terms[name] = (frame[column] == level.rstrip("]")).astype(int) if bracket else frame[name]
    return pd.DataFrame(terms)


def intentions(rng: np.random.Generator, company: Company, frame: pd.DataFrame) -> pd.DataFrame:
    """Outcomes: the two indices, what customers are after the interaction, and whether they mean to leave."""
    terms = coded(frame)
    out = frame.copy()
    for outcome, values in (("loyalty", LOYALTY), ("disloyalty", DISLOYALTY)):
        weights = {name: company.slopes.get((outcome, name), value) for name, value in values.items()}
        signal = sum(weights[name] * (terms[name] - terms[name].mean()) for name in weights)
        noise = RESIDUAL_SD[outcome] * rng.standard_normal(len(frame))
        out[outcome] = np.round(CENTRE[outcome] + signal + noise, 1)
    tilt = (out["disloyalty"] - out["loyalty"]).rank(pct=True, method="first").to_numpy()
    loyal = 0.4 / (1 + np.exp(company.tilt))  # two in five leave an interaction changed
    out["after"] = np.select([tilt <= loyal, tilt > 0.6 + loyal], ["loyal", "disloyal"], "neutral")
    out["satisfied"] = np.where(frame["expectations"] + rng.integers(-1, 2, len(frame)) >= 4, "yes", "no")
    leaves = np.where(out["satisfied"] == "yes", company.leave, 1 - company.stay)
    out["intends_to_leave"] = np.where(rng.random(len(frame)) < leaves, "yes", "no")
    return out


def truth(found: list[Company]) -> pd.DataFrame:
    """The values behind the rows: paths, rates, and the log of disloyal to loyal."""
    rows = [
        {"organization": "typical", "kind": "path", "parameter": f"{outcome}~{term}", "value": value}
        for outcome, values in (("loyalty", LOYALTY), ("disloyalty", DISLOYALTY))
        for term, value in values.items()
    ]
    rows += [
        {"organization": "typical", "kind": "residual_sd", "parameter": name, "value": value}
        for name, value in RESIDUAL_SD.items()
    ]
    rows += [
        {"organization": "typical", "kind": "rate", "parameter": "leave if satisfied", "value": LEAVE_IF_SATISFIED},
        {"organization": "typical", "kind": "rate", "parameter": "stay if dissatisfied", "value": STAY_IF_DISSATISFIED},
        {"organization": "typical", "kind": "ratio", "parameter": "disloyal to loyal", "value": DISLOYAL_TO_LOYAL},
    ]
    for one in found:
        own = [("path", f"{outcome}~{term}", value) for (outcome, term), value in one.slopes.items()]
        own += [("rate", "leave if satisfied", one.leave), ("rate", "stay if dissatisfied", one.stay)]
        own += [("ratio", "disloyal to loyal", float(np.exp(one.tilt)))]
        rows += [
            {"organization": one.name, "kind": kind, "parameter": name, "value": value} for kind, name, value in own
        ]
    return pd.DataFrame(rows)


def main() -> None:
    """Write the study."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--times", type=int, default=1, metavar="K", help="K times as many respondents of each company")
    options = parser.parse_args()
    folder = options.folder / "effort"
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    found = companies(rng)
    grown = [Company(**{**vars(one), "n_obs": one.n_obs * options.times}) for one in found]
    frame = pd.concat([intentions(rng, one, answers(rng, one)) for one in grown], ignore_index=True)
    for name in frame.columns:
        if frame[name].dtype == np.int64 and name != "employees":
            frame[name] = frame[name].astype(np.int8)
        elif frame[name].dtype == object or pd.api.types.is_string_dtype(frame[name].dtype):
            frame[name] = frame[name].astype("category")
        elif name != "employees":
            frame[name] = frame[name].astype(np.float32)
    frame.to_parquet(folder / "rows.parquet", index=False, compression="zstd")
    truth(found).round(6).to_csv(folder / "truth.csv", index=False)
    (folder / "evidence.toml").write_text(
        "# Simulated: a program made these 75,000 customers up (data/make_effort.py).\n"
        'rows = "rows.parquet"\norganization = "company"\nsimulated = true\nmissing = "listwise"\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
