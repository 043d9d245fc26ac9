"""Published figures: what they say, against draws from the prior weighed by hand, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bayescx.errors import EvidenceError, FitError
from bayescx.rates import Counts, PublishedRate, category_rates, fit_rates, predicted_rates
from tests.rates.brute import Figure, printed_ratio, printed_share, weighed_prior

SHARE: dict[str, Any] = {"value": 0.2, "categories": "a", "organizations": 2, "n_obs": 200}
RATIO: dict[str, Any] = {
    "value": 4, "rounded_to": 1, "statistic": "ratio", "categories": "c", "relative_to": "a", "organizations": 2,
    "n_obs": 100,
}  # fmt: skip
AB, ABC = ("a", "b"), ("a", "b", "c")


def counts_of(answers: Any, categories: tuple[str, ...], n_planned: int = 20) -> Counts:
    if not len(answers):
        return Counts.empty(categories, n_planned=n_planned)
    names = tuple(f"o{j}" for j in range(len(answers)))
    return Counts(names, ("",), categories, np.array(answers)[:, None, :], n_planned)


CASES: dict[str, tuple[list[tuple[int, ...]], tuple[str, ...], list[dict[str, Any]], int, list[Figure]]] = {
    "pooled": ([(6, 34)], AB, [SHARE | {"organizations": 3}], 3, [((0, 1, 2), printed_share(0.2, 200, 0))]),
    "mean, nothing else": (
        [], AB, [SHARE | {"value": 0.84, "rule": "mean"}], 2, [((0, 1), printed_share(0.84, 200, 0))],
    ),
    "each": (
        [(6, 34)], AB, [SHARE | {"rule": "each"}], 2,
        [((0,), printed_share(0.2, 100, 0)), ((1,), printed_share(0.2, 100, 0))],
    ),
    "a share and a ratio of one set": (
        [(6, 12, 22)], ABC, [SHARE, RATIO], 2,
        [((0, 1), printed_share(0.2, 200, 0)), ((0, 1), printed_ratio(4, 100, 2, 0, 1))],
    ),
    "of nobody": ([], ABC, [SHARE | {"value": 0, "n_obs": 30}], 2, [((0, 1), printed_share(0, 30, 0))]),
    "against the counts": ([(36, 4)], AB, [SHARE | {"value": 0.5}], 2, [((0, 1), printed_share(0.5, 200, 0))]),
    "overlapping sets": (
        [], AB, [SHARE | {"organizations": ["x", "y"]}, SHARE | {"organizations": ["y", "z"], "value": 0.3}], 3,
        [((0, 1), printed_share(0.2, 200, 0)), ((1, 2), printed_share(0.3, 200, 0))],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_posterior_is_that_of_weighed_prior_draws(case: str) -> None:
    answers, categories, figures, members, terms = CASES[case]
    splits = len(categories) - 1
    mean, sd, error = weighed_prior(answers, members, terms, splits, 600_000, seed=7)
    size = 8000
    fit = fit_rates(counts_of(answers, categories), [PublishedRate(**one) for one in figures], draws=size // 4)
    population = [fit.posterior[name].values.reshape(size, splits) for name in ("mu", "tau")]
    found = np.concatenate([*population, category_rates(fit).values.reshape(size, -1)], axis=1)
    apart = (found.mean(axis=0) - mean) / np.hypot(error, sd / np.sqrt(size))
    assert np.abs(apart).max() < 4.0
    np.testing.assert_allclose(found.std(axis=0), sd, rtol=0.08)
    assert min(fit.distinct.values()) > 0.98


@pytest.mark.parametrize(
    ("k", "n", "step"),
    [
        (0, 10, 0.01), (0, 50, 0.01), (1, 50, 0.01), (0, 1000, 0.001), (10, 1000, 0.001), (0, 75_000, 1e-5),
        (100, 100, 0.01), (99, 100, 0.01),
    ],
)  # fmt: skip
def test_a_figure_of_one_organization_is_its_count(k: int, n: int, step: float) -> None:
    others = [(30, 70), (20, 80)]
    counted = fit_rates(counts_of([*others, (k, n - k)], AB), draws=2000, random_seed=2)
    figure = PublishedRate(value=k / n, categories="a", organizations=["x"], n_obs=n, rounded_to=step)
    printed = fit_rates(counts_of(others, AB), [figure], draws=2000)
    quantities = [
        (fit.posterior["mu"], fit.posterior["tau"], category_rates(fit, category="a").isel(organization=-1))
        for fit in (counted, printed)
    ]
    for one, other in zip(*quantities, strict=True):
        apart = float(one.mean() - other.mean()) / (float(one.std()) * np.sqrt(2 / 8000))
        assert abs(apart) < 4.0
        assert float(other.std()) == pytest.approx(float(one.std()), rel=0.1)
    assert printed.distinct[""] > 0.98


@pytest.mark.parametrize("value", [0.0, 0.01, 0.99, 1.0])
@pytest.mark.parametrize("asked", [{"n_obs": 5000, "organizations": 3}, {"n_obs": 75_000, "organizations": 10}])
def test_shares_near_0_and_1_can_be_fitted(value: float, asked: dict[str, Any]) -> None:
    figure = PublishedRate(value=value, categories="a", **asked)
    for counts in (Counts.empty(AB, n_planned=20), counts_of([(30, 70), (20, 80)], AB)):
        fit = fit_rates(counts, [figure], draws=200)
        assert float(abs(predicted_rates(fit) - value).max()) < 0.02


def test_several_shares_of_the_same_respondents_are_multinomial() -> None:
    n, first, second = 100, 11, 60

    def log_likelihood(mean: np.ndarray) -> np.ndarray:
        a, b = mean[:, 0], mean[:, 1]
        return first * np.log(a) + second * np.log(b) + (n - first - second) * np.log(1 - a - b)

    mean, sd, error = weighed_prior([(6, 12, 22)], 2, [((0, 1), log_likelihood)], 2, 600_000, seed=3)
    ways: list[list[tuple[float, Any]]] = [[(0.11, "a"), (0.6, "b")], [(0.6, "b"), (0.89, ["b", "c"])]]
    for way in ways:
        figures = [PublishedRate(value=value, categories=of, organizations=2, n_obs=n) for value, of in way]
        fit = fit_rates(counts_of([(6, 12, 22)], ABC), figures, draws=2000)
        population = [fit.posterior[name].values.reshape(8000, 2) for name in ("mu", "tau")]
        found = np.concatenate([*population, category_rates(fit).values.reshape(8000, -1)], axis=1)
        assert np.abs((found.mean(axis=0) - mean) / np.hypot(error, sd / np.sqrt(8000))).max() < 4.0
        np.testing.assert_allclose(found.std(axis=0), sd, rtol=0.06)
    excess = [PublishedRate(value=v, categories=c, organizations=2, n_obs=n) for v, c in ((0.6, "a"), (0.7, "b"))]
    with pytest.raises(EvidenceError, match=r"add up to 1\.3"):
        fit_rates(Counts.empty(ABC, n_planned=2), excess)


REPEATED: dict[str, tuple[tuple[str, ...], list[dict[str, Any]]]] = {
    "the same twice": (AB, [{}, {}]),
    "another value": (AB, [{"organizations": ["x"]}, {"organizations": ["x"], "value": 0.21}]),
    "another rule": (AB, [{}, {"rule": "each"}]),
    "a complement": (AB, [{}, {"value": 0.79, "categories": "b"}]),
    "all three": (ABC, [{}, {"value": 0.5, "categories": "b"}, {"value": 0.3, "categories": "c"}]),
    "a complement of two": (ABC, [{}, {"value": 0.8, "categories": ["b", "c"]}]),
    "a ratio turned": (ABC, [RATIO, RATIO | {"categories": "a", "relative_to": "c", "value": 0.25}]),
    "two shares and their ratio": (ABC, [{}, {"value": 0.5, "categories": "c"}, RATIO]),
}


@pytest.mark.parametrize("case", REPEATED)
def test_answers_may_not_count_twice(case: str) -> None:
    categories, changes = REPEATED[case]
    figures = [PublishedRate(**one if "statistic" in one else SHARE | one) for one in changes]
    with pytest.raises(EvidenceError, match="of the same respondents, and one follows from the rest"):
        fit_rates(Counts.empty(categories, n_planned=20), figures)
    checked = [
        *figures[:-1],
        PublishedRate(**(RATIO if "statistic" in changes[-1] else SHARE) | changes[-1] | {"use": "check"}),
    ]
    assert fit_rates(Counts.empty(categories, n_planned=20), checked, draws=50).published[-1].use == "check"


def test_figures_of_other_respondents_or_other_quantities_stand_beside_each_other() -> None:
    sets = [["x"], ["y"], ["x", "y"]]
    apart = [PublishedRate(**SHARE | {"organizations": one}) for one in sets]
    assert len(fit_rates(Counts.empty(AB, n_planned=20), apart, draws=50).published) == 3
    two = [PublishedRate(**SHARE), PublishedRate(**RATIO)]
    assert len(fit_rates(Counts.empty(ABC, n_planned=20), two, draws=50).published) == 2


@pytest.mark.parametrize(("value", "grid"), [(4, 1), (40, 1), (np.int64(3), 1), (3.6, 0.1), (4.0, 0.1), (1.25, 0.01)])
def test_a_ratio_is_as_exact_as_it_is_written(value: float, grid: float) -> None:
    bare = {name: given for name, given in RATIO.items() if name != "rounded_to"}
    assert PublishedRate(**bare | {"value": value}).rounded_to == pytest.approx(grid)
    assert PublishedRate(**bare | {"value": value, "rounded_to": 0.5}).rounded_to == 0.5
    assert PublishedRate(**SHARE | {"value": 0.2}).rounded_to == 0.01


def test_more_respondents_and_a_finer_grid_say_more() -> None:
    def spread(**changes: Any) -> float:
        fit = fit_rates(Counts.empty(AB, n_planned=2), [PublishedRate(**SHARE | changes)], draws=500)
        return float(category_rates(fit, "average", category="a").std())

    assert spread(n_obs=50) > 1.5 * spread(n_obs=5000)
    assert spread(n_obs=10**6, rounded_to=0.1) > 3 * spread(n_obs=10**6, rounded_to=0.01)
    assert spread(n_obs=10**6) == pytest.approx(0.01 / np.sqrt(12), rel=0.1)
    assert spread(n_obs=(100, 400)) == pytest.approx(spread(n_obs=200), rel=0.15)


def test_nameless_organizations_are_the_same_in_all_figures() -> None:
    figures = [PublishedRate(**SHARE | {"organizations": 4}), PublishedRate(**RATIO | {"organizations": 2})]
    fit = fit_rates(counts_of([(6, 12, 22)], ABC), figures)
    assert fit.organizations == ("o0", "unnamed 1", "unnamed 2", "unnamed 3", "unnamed 4")
    clash = Counts(("unnamed 2",), ("",), AB, np.array([[[3, 4]]]), 9)
    assert fit_rates(clash, [PublishedRate(**SHARE)]).organizations == ("unnamed 2", "(unnamed) 1", "(unnamed) 2")


def test_a_figure_of_one_group_leaves_the_other_alone() -> None:
    answers = np.array([[[6, 34], [20, 10]]])
    counts = Counts(("o",), ("pleased", "cross"), AB, answers, 5)
    figure = PublishedRate(**SHARE | {"group": "cross", "value": 0.6})
    with_figure, without = fit_rates(counts, [figure]), fit_rates(counts)
    one, other = (fit.posterior.sel(group="pleased", organization=["o"]) for fit in (with_figure, without))
    np.testing.assert_allclose(one["mu"].mean(), other["mu"].mean(), atol=0.08)
    assert category_rates(with_figure, "average", category="a", group="cross").std() < 0.1


def test_checked_figures_inform_nothing_and_are_predicted() -> None:
    counts = counts_of([(6, 34), (9, 31), (8, 32)], AB)
    checked = PublishedRate(**SHARE | {"use": "check", "value": 0.9})
    fit, bare = fit_rates(counts, [checked]), fit_rates(counts)
    np.testing.assert_allclose(fit.posterior["mu"].mean(), bare.posterior["mu"].mean(), atol=0.05)
    predicted, printed = predicted_rates(fit), predicted_rates(fit, printed=True)
    assert predicted["use"].values.tolist() == ["check"]
    assert (predicted < 0.9).mean() > 0.99
    assert printed.std() > predicted.std()
    np.testing.assert_allclose(printed * 100, np.round(printed * 100), atol=1e-8)
    rare = PublishedRate(**SHARE | {"use": "check", "value": 0.01, "n_obs": 20, "rounded_to": 1e-4})
    counts_printed = predicted_rates(fit_rates(counts, [rare]), printed=True) * 20  # whole counts of 20, on the grid
    np.testing.assert_allclose(counts_printed, np.round(counts_printed), atol=1e-3)
    shares = category_rates(fit, category="a").sel(organization=["unnamed 1", "unnamed 2"])
    np.testing.assert_allclose(predicted.isel(figure=0), shares.mean("organization"))


def test_figures_of_each_are_predicted_one_by_one() -> None:
    figures = [PublishedRate(**SHARE | {"rule": "each"}), PublishedRate(**RATIO | {"value": 2, "rounded_to": 0.1})]
    predicted = predicted_rates(fit_rates(counts_of([(6, 12, 22)], ABC), figures, draws=200))
    labels = predicted["figure"].values.tolist()
    assert labels == ["share of a (unnamed 1)", "share of a (unnamed 2)", "ratio of c to a (2 organizations)"]
    assert (np.abs(predicted.mean(("chain", "draw")) - [0.2, 0.2, 2]) < [0.03, 0.03, 0.5]).all()
    assert (predicted_rates(fit_rates(counts_of([], ABC), figures, draws=200), printed=True) > 0).mean() > 0.99
    with pytest.raises(FitError, match="no published figures"):
        predicted_rates(fit_rates(counts_of([(6, 34)], AB)))


def test_figures_that_contradict_each_other_are_an_error_and_no_hang() -> None:
    pair = {"organizations": ["x"], "n_obs": 10**9, "rounded_to": 1e-6}
    both = pair | {"organizations": ["x", "y"], "value": 0.9}
    figures = [PublishedRate(**SHARE | pair), PublishedRate(**SHARE | both)]
    with pytest.raises(FitError, match="too few suit the published figures") as raised:
        fit_rates(Counts.empty(AB, n_planned=2), figures)
    assert "contradict" not in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": 20}, "a share lies between 0 and 1, found 20: write 0.2"),
        ({"value": float("nan")}, "value must be a finite number"),
        ({"value": "0.2"}, "value must be a finite number"),
        ({"rounded_to": 0}, "rounded_to must be above 0"),
        ({"rounded_to": 1}, "in the units of value"),
        ({"rounded_to": "0.1"}, "rounded_to must be a finite number"),
        ({"rounded_to": 1e-17}, "finer than any print"),
        (RATIO | {"value": 1 / 3, "rounded_to": None}, "finer than any print"),
        ({"n_obs": 0}, "n_obs must be a number of respondents"),
        ({"n_obs": (900, 100)}, "n_obs must be a number of respondents"),
        ({"n_obs": 12.5}, "n_obs must be a number of respondents"),
        ({"organizations": 0}, "organizations must be 1 to"),
        ({"organizations": "north"}, "a list of names, or how many"),
        ({"organizations": []}, "a list of names, or how many"),
        ({"organizations": ["x", "x"]}, "organizations names 'x' twice"),
        ({"categories": []}, "must name whose share"),
        ({"categories": ["a", ""]}, "an empty name"),
        ({"statistic": "odds"}, "unknown statistic 'odds'"),
        ({"statistic": "ratio"}, "a ratio needs relative_to"),
        ({"statistic": "ratio", "relative_to": "b", "value": -1}, "a ratio is above 0"),
        ({"relative_to": "b"}, "a share has no relative_to"),
        ({"rule": "maen"}, "unknown rule 'maen'; did you mean 'mean'"),
        ({"use": "evidnce"}, "did you mean 'evidence'"),
        ({"group": 3}, "group must be a name"),
    ],
)
def test_what_is_no_figure(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        PublishedRate(**SHARE | changes)


def test_all_that_is_wrong_with_a_figure_is_said_together() -> None:
    with pytest.raises(EvidenceError) as raised:
        PublishedRate(**SHARE | {"value": 20, "n_obs": 0, "use": "x"})
    assert len(raised.value.problems) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"categories": "d"}, "there is no category 'd'"),
        ({"categories": ["a", "b", "c"]}, "all categories together have the share 1"),
        ({"statistic": "ratio", "relative_to": ["a", "b"]}, "a stands above and below"),
        ({"group": "corss"}, "no group 'corss'; did you mean 'cross'"),
        ({"group": None}, "say which group it is of: pleased, cross"),
        ({"organizations": ["o", "x"]}, "o shared counts too: the same respondents would count twice"),
        ({"organizations": 10}, "n_planned = 5 is smaller than .* 11"),
    ],
)
def test_figures_that_do_not_fit_the_counts(changes: dict[str, Any], message: str) -> None:
    counts = Counts(("o",), ("pleased", "cross"), ABC, np.array([[[6, 3, 34], [20, 10, 7]]]), 5)
    with pytest.raises(EvidenceError, match=message):
        fit_rates(counts, [PublishedRate(**SHARE | {"group": "cross"} | changes)])


def test_a_group_where_respondents_are_in_none() -> None:
    with pytest.raises(EvidenceError, match="not in groups here, so none is 'cross'; leave group out"):
        fit_rates(Counts.empty(AB, n_planned=2), [PublishedRate(**SHARE | {"group": "cross"})])


def test_an_organization_with_counts_in_another_group_may_have_a_figure() -> None:
    counts = Counts(("o", "p"), ("pleased", "cross"), AB, np.array([[[6, 34], [0, 0]], [[5, 9], [8, 8]]]), 5)
    figure = PublishedRate(**SHARE | {"group": "cross", "organizations": ["o"], "value": 0.3, "n_obs": 1000})
    fit = fit_rates(counts, [figure])
    assert fit.organizations == ("o", "p")
    share = category_rates(fit, category="a", group="cross").sel(organization="o")
    assert share.mean().item() == pytest.approx(0.3, abs=0.02)
