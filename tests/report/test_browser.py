"""The report in a browser: on a phone, a desk and paper nothing overflows or overlaps, and axe-core has no complaint.

Needs Chromium (Debian's package) and, for accessibility, axe-core in ``.browser``: `.ci/run` shows how to get both.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import bayescx as bcx

Filed = Callable[[bcx.Fit], Path]
ROOT = Path(__file__).parents[2]
AXE = ROOT / ".browser" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
A4 = 794  # CSS pixels
SECTIONS = 13  # and more where there is more to tell

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)")

# Elements wider than the page, and clipped ones; regions that scroll by themselves count as overflow here.
OVERFLOW = """() => {
    const wide = [...document.querySelectorAll('body *')].filter(e => !e.closest('svg') && !e.closest('.skip'))
        .filter(e => e.getClientRects().length && (e.getBoundingClientRect().right > innerWidth + 1
                     || e.getBoundingClientRect().left < -1));
    const cut = [...document.querySelectorAll('.scroll, pre')].filter(e => e.scrollWidth > e.clientWidth + 1);
    return [...wide, ...cut].map(e => `${e.tagName} ${e.className} ${e.textContent.slice(0, 60)}`);
}"""

# Pairs of texts, in the page or within one picture, whose letters share more than a pixel both ways. The box of a
# line in a picture has room above and below its letters, about a fifth of its height each.
OVERLAP = """() => {
    const groups = [[...document.querySelectorAll('h1, h2, h3, p, li, th, td, dt, dd, figcaption, pre, svg')]
        .filter(e => !e.closest('.skip') && (e.tagName === 'svg' || !e.closest('svg')))];
    document.querySelectorAll('svg').forEach(svg => groups.push([...svg.querySelectorAll('text')]));
    const found = [];
    for (const group of groups) {
        const inked = e => {
            const box = e.getBoundingClientRect(), room = e.tagName === 'text' ? 0.2 * box.height : 0;
            return {left: box.left, right: box.right, top: box.top + room, bottom: box.bottom - room};
        };
        const boxes = group.filter(e => e.checkVisibility()).map(e => [e, inked(e)])
            .filter(([e, b]) => b.right > b.left && b.bottom > b.top)
            .sort((one, other) => one[1].top - other[1].top);
        for (let i = 0; i < boxes.length; i++) {
            const [one, a] = boxes[i];
            for (let j = i + 1; j < boxes.length && boxes[j][1].top < a.bottom - 1; j++) {
                const [other, b] = boxes[j];
                const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
                const high = Math.min(a.bottom, b.bottom) - b.top;
                if (wide > 1 && high > 1 && !one.contains(other) && !other.contains(one))
                    found.push(`${one.textContent.slice(0, 40)} | ${other.textContent.slice(0, 40)}`);
            }
        }
    }
    return found;
}"""

# Letters, in CSS pixels, that are drawn smaller than 7.
SMALL = """() => [...document.querySelectorAll('svg')].filter(svg => svg.getClientRects().length).flatMap(svg => {
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    return [...svg.querySelectorAll('text, tspan')].filter(e => e.textContent.trim())
        .map(e => [parseFloat(getComputedStyle(e).fontSize) * scale, e.textContent]).filter(([size]) => size < 7);
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield launched
        launched.close()


def opened(browser: Browser, file: Path, width: int, *, media: Any = "screen") -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.emulate_media(media=media)
    page.goto(file.as_uri())
    assert asked == [file.as_uri()]  # no network, no other file
    return page


def assert_sound(page: Page) -> None:
    for unfolded in (False, True):
        page.evaluate("open => document.querySelectorAll('details').forEach(e => { e.open = open; })", unfolded)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert page.evaluate(OVERFLOW) == []
        assert page.evaluate(OVERLAP) == []
    heights = page.evaluate("[...document.querySelectorAll('section')].map(e => e.getBoundingClientRect().height)")
    assert len(heights) >= SECTIONS
    assert min(heights) > 50


@pytest.mark.parametrize(("width", "media"), [(390, "screen"), (768, "screen"), (1400, "screen"), (A4, "print")])
def test_nothing_overflows_or_overlaps(width: int, media: str, ten_file: Path, browser: Browser) -> None:
    assert_sound(opened(browser, ten_file, width, media=media))


@pytest.mark.parametrize("width", [390, 1400])
def test_letters_in_pictures_can_be_read(width: int, ten_file: Path, browser: Browser) -> None:
    assert opened(browser, ten_file, width).evaluate(SMALL) == []


def test_pictures_of_two_shapes_are_shown_in_one(ten_file: Path, browser: Browser) -> None:
    shown = (
        "[...document.querySelectorAll('.wide, .tall')].filter(e => e.getClientRects().length).map(e => e.className)"
    )
    assert opened(browser, ten_file, 390).evaluate(shown) == ["tall"] * 7
    assert opened(browser, ten_file, 1400).evaluate(shown) == ["wide"] * 7
    assert opened(browser, ten_file, A4, media="print").evaluate(shown) == ["wide"] * 7


def test_it_prints(ten_file: Path, browser: Browser, tmp_path: Path) -> None:
    opened(browser, ten_file, 1400, media="print").pdf(path=tmp_path / "report.pdf", format="A4")
    assert 15 <= (tmp_path / "report.pdf").read_bytes().count(b"/Type /Page\n") <= 36


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not there (npm install --prefix .browser axe-core)")
@pytest.mark.parametrize("width", [390, 1400])
def test_axe_finds_nothing(width: int, ten_file: Path, browser: Browser) -> None:
    page = opened(browser, ten_file, width)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result = page.evaluate("async () => await axe.run()")
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in result["violations"]] == []
    assert len(result["passes"]) > 10


@cache
def study(names: tuple[str, ...], cause: str) -> bcx.Fit:
    model = bcx.parse_model(f"loyalty ~ `{cause}` + trust; trust ~ `{cause}`")
    rows = bcx.simulate(model, organizations=len(names), n_obs=60, random_seed=5).rows
    rows["organization"] = rows["organization"].map(dict(zip(rows["organization"].unique(), names, strict=True)))
    evidence = bcx.Evidence.from_rows(rows, organization="organization")
    with pytest.warns(bcx.ConvergenceWarning):
        return bcx.fit(model, evidence, random_seed=1, draws=60, tune=200, chains=2, progressbar=False)


HOSTILE = ("../../x", "<script>alert(1)</script>", "$x$ & co", "Organization " * 15, "W" * 200, "誠実な会社")


@pytest.mark.parametrize(
    ("names", "cause"),
    [
        (HOSTILE, "<script>alert(1)</script>"),
        (tuple(f"org {i}" for i in range(40)), "satisfaction"),
        (("one", "two"), "satisfaction " * 15 + "end"),
        (("one",), "s" * 200),
    ],
    ids=["hostile names", "40 organizations", "2 organizations and a long name", "1 organization and an endless name"],
)
@pytest.mark.parametrize("width", [390, 1400])
def test_any_names_and_numbers_fit(
    names: tuple[str, ...], cause: str, width: int, browser: Browser, filed: Filed
) -> None:
    dialogs: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(filed(study(names, cause)).as_uri())
    assert_sound(page)
    assert dialogs == []


@pytest.mark.parametrize("width", [390, 1400])
def test_evidence_of_every_kind_fits(
    width: int, mixed_fit: bcx.Fit, figures_fit: bcx.Fit, browser: Browser, filed: Filed
) -> None:
    for fit in (mixed_fit, figures_fit):
        assert_sound(opened(browser, filed(fit), width))


@pytest.mark.parametrize("width", [390, 1400])
def test_the_sections_of_a_study_that_has_just_begun_fit(width: int, begun_file: Path, browser: Browser) -> None:
    page = opened(browser, begun_file, width)
    assert_sound(page)
    assert page.evaluate(SMALL) == []
    if AXE.exists():
        page.evaluate(AXE.read_text(encoding="utf-8"))
        result = page.evaluate("async () => await axe.run()")
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in result["violations"]] == []


def test_a_figure_whose_table_is_folded_unfolds_it(measured_file: Path, browser: Browser) -> None:
    page = opened(browser, measured_file, 1400)
    link = page.locator("#higher a.figure[href^='#highest-']").first
    cell = page.locator(str(link.get_attribute("href")))
    assert not cell.is_visible()
    link.click()
    assert cell.is_visible()


@pytest.fixture(scope="module")
def measured_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A measured model with drivers, pooled loadings and names of every kind."""
    model = bcx.parse_model(
        "\n".join(
            [
                f"`{name}` =~ {name[:1]}1 + {name[:1]}2 + {name[:1]}3"
                for name in ("alpha", "beta " * 12 + "end", "gamma", "d")
            ]
            + [f"d ~ alpha + `{'beta ' * 12}end` + gamma", "#: a1 = <script>alert(1)</script>", f"#: g2 = {'W' * 120}"]
            + [f"#: gamma = {'a long name of a factor ' * 5}"]
        )
    )
    rows = bcx.simulate(model, organizations=5, n_obs=120, heterogeneity=0.2, random_seed=5).rows
    names = dict(zip(rows["organization"].unique(), HOSTILE, strict=False))
    rows["organization"] = rows["organization"].map(names)
    rows.loc[rows["organization"] == HOSTILE[4], "a2"] *= 0.3  # a name of 200 letters is flagged
    rows.loc[rows["organization"] == HOSTILE[1], ["a1", "a2", "a3"]] += 1.5  # and markup is the highest
    rows.loc[rows["organization"] == HOSTILE[4], ["d1", "d2", "d3"]] += 2.0
    evidence = bcx.Evidence.from_rows(rows, organization="organization")
    with pytest.warns(bcx.ConvergenceWarning):
        fit = bcx.fit(
            model, evidence, pooling={"loadings": "partial"}, random_seed=1, draws=60, tune=200, chains=2,
            progressbar=False,
        )  # fmt: skip
    return bcx.write_report(fit, tmp_path_factory.mktemp("measured") / "report.html", sensitivity=False)


@pytest.mark.parametrize(("width", "media"), [(390, "screen"), (1400, "screen"), (A4, "print")])
def test_drivers_and_items_fit(width: int, media: str, measured_file: Path, browser: Browser) -> None:
    page = opened(browser, measured_file, width, media=media)
    for name in ("drivers", "priorities", "higher", "measurement", "invariance"):
        assert page.evaluate(f"document.getElementById('{name}').getBoundingClientRect().height") > 200
    assert "measures differently somewhere" in page.inner_text("#invariance")
    assert f"{HOSTILE[1]} is highest on alpha" in page.inner_text("#higher")
    assert "If every organization reached the level of the highest on " in page.inner_text("#knobs")
    assert_sound(page)
    if media == "screen":
        assert page.evaluate(SMALL) == []
