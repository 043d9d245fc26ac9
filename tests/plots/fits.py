"""Small fits of many shapes for the tests of pictures, and what can be measured on a picture."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache, lru_cache
from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.text import Text
from matplotlib.transforms import Bbox

import bayescx as bcx
from bayescx.errors import ConvergenceWarning
from bayescx.plots import style
from bayescx.plots.picture import Picture

LONG = "a name that goes on " * 10
SCRIPT, MATH, CJK = "<script>alert(1)</script>", r"$x$ and $\frac{1}{", "顧客の信頼"
HOSTILE_ORGANIZATIONS = ("<b>&amp;</b> ]]> -- x", r"$\alpha$ $", "ö" * 200, "株式会社" * 20)

TRIANGLE = "trust ~ satisfaction\nloyalty ~ trust + satisfaction"
MODELS = {
    "fixed": "trust ~ 0.5*satisfaction\nloyalty ~ trust",
    "constant": "trust ~ 0.5*satisfaction\nloyalty ~ 0.25*trust",
    "hostile": f"{CJK} ~ `{SCRIPT}`\n`{LONG.strip()}` ~ {CJK} + `{SCRIPT}`\n`{MATH}` ~ `{LONG.strip()}`",
    "pathless": "f =~ x1 + x2 + x3",
    "chain": "a ~ x\nb ~ a + x\nc ~ b + a",
}
ORGANIZATIONS = {"one": 1, "two": 2, "ten": 10, "vague": 10, "forty": 40}
POOLINGS = ("none", "full")
PRIORS = {"cauchy": bcx.Priors().replace(path_mean=bcx.Prior("Cauchy", beta=5.0))}


@cache
def fit_of(case: str) -> bcx.Fit:
    """A short fit; whether it converged is not what the pictures are tested for."""
    model = bcx.parse_model(MODELS.get(case, TRIANGLE), name=case)
    rows = bcx.simulate(model, organizations=ORGANIZATIONS.get(case, 4), n_obs=(80, 300), random_seed=1).rows
    if case == "hostile":
        names = dict(zip(rows["organization"].unique(), HOSTILE_ORGANIZATIONS, strict=True))
        rows["organization"] = rows["organization"].map(names)
    planned = {"n_planned": 10} if case == "hostile" else {}
    evidence = bcx.Evidence.from_rows(rows, organization="organization", **planned)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = bcx.fit(
            model, evidence, PRIORS.get(case), pooling=case if case in POOLINGS else "partial",
            random_seed=1, progressbar=False, draws=100, tune=300, chains=2,
        )  # fmt: skip
    return _with_a_vague_organization(fit) if case == "vague" else fit


def _with_a_vague_organization(fit: bcx.Fit) -> bcx.Fit:
    """The first organization says nearly nothing by itself."""
    data = fit.tree["constant_data"].to_dataset()
    inflation = np.where(data["organization"].values == fit.organizations[0], 400.0, 1.0)
    data["alone_cov"] = data["alone_cov"] * xr.DataArray(inflation, dims="organization")
    tree = fit.tree.copy()
    tree["constant_data"] = xr.DataTree(data)
    return replace(fit, tree=tree)


@lru_cache(maxsize=8)  # tests measure one picture several ways
def texts_of(picture: Picture) -> tuple[tuple[str, Bbox], ...]:
    """Every text that is seen, with its place in points from the lower left corner."""
    figure = picture.figure
    assert figure is not None
    figure.set_dpi(144)  # hinting at a low resolution would move letters
    with style.themed():
        figure.draw_without_rendering()  # everything takes its place, no pixel is painted
        found = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
        return tuple((text.get_text(), Bbox(text.get_window_extent().get_points() / 2)) for text in found)


def collisions(picture: Picture, slack: float = 0.3) -> list[tuple[str, str]]:
    """Pairs of texts that overlap, and texts that leave the page."""
    assert picture.figure is not None
    width, height = 72 * picture.figure.get_size_inches()
    texts = texts_of(picture)
    out = [
        (text, "edge of the page")
        for text, box in texts
        if box.x0 < -slack or box.y0 < -slack or box.x1 > width + slack or box.y1 > height + slack
    ]
    for (one, here), (other, there) in combinations(texts, 2):
        across = min(here.x1, there.x1) - max(here.x0, there.x0)
        along = min(here.y1, there.y1) - max(here.y0, there.y0)
        if across > slack and along > slack:
            out.append((one, other))
    return out


def lines_with(picture: Picture, **how: Any) -> list[Any]:
    """Lines inside the axes with these properties, e.g. ``marker="o"``."""
    assert picture.figure is not None
    lines = [line for axes in picture.figure.axes for line in axes.lines]
    return [line for line in lines if all(getattr(line, f"get_{key}")() == value for key, value in how.items())]


def smallest_letters(picture: Picture) -> float:
    """Size in points of the smallest text that is seen."""
    assert picture.figure is not None
    return min(
        float(t.get_fontsize()) for t in picture.figure.findobj(Text) if t.get_visible() and t.get_text().strip()
    )
