"""Sentences of a report. Every figure in them is taken from a table and points to its cell."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from bayescx.fitted import Fit
from bayescx.model.convergence import ESS_LIMIT, R_HAT_LIMIT
from bayescx.report.answers import Answers, Estimate, Key, ends
from bayescx.wording import count, counted, enumeration, in_words, interval_name, number, numeral

__all__ = ["Finding", "diagnosis", "findings", "question", "title"]


@dataclass(frozen=True)
class Finding:
    """Sentences under one heading."""

    heading: str
    sentences: tuple[Markup, ...]


def title(fit: Fit) -> str:
    """What the report is called."""
    name = (fit.model.name or "path model").replace("_", " ")
    reported, planned = len(fit.organizations), fit.n_planned
    whom = counted(planned, "organization") if reported == planned else f"{numeral(reported)} of {numeral(planned)}"
    return f"{name[:1].upper()}{name[1:]}: {whom}{'' if reported == planned else ' organizations'}"


def question(fit: Fit) -> list[str]:
    """What was asked, in a few sentences."""
    model, reported = fit.model, counted(len(fit.organizations), "organization")
    respondents = count(int(fit.evidence.n_obs.sum()))
    paths, constructs = counted(len(model.paths), "path"), counted(len(model.constructs), "construct")
    were = "were" if len(model.paths) != 1 else "was"
    sentences = [_asked(fit)]
    sentences.append(
        f"{paths.capitalize()} between {constructs} {were} estimated in {reported} with {respondents} respondents."
    )
    if waiting := fit.n_planned - len(fit.organizations):
        planned, have = numeral(fit.n_planned), "have" if waiting != 1 else "has"
        sentences.append(
            f"{planned.capitalize()} organizations are planned; {numeral(waiting)} {have} not reported yet. The "
            f"average of the {planned} counts them in, as draws from what organizations have shown to be like."
        )
    return sentences


def _asked(fit: Fit) -> str:
    model = fit.model
    last = list(dict.fromkeys(outcome for _, outcome in ends(fit)))
    if not last:
        return f"How do organizations differ in {enumeration(in_words(fit, model.constructs))}?"
    between = len(model.constructs) - len(model.exogenous) - len(last)
    through = f", directly and through {counted(between, 'construct')} between them" if between else ""
    return (
        f"How much does {enumeration(in_words(fit, model.exogenous))} matter for {enumeration(in_words(fit, last))}"
        f"{through}?"
    )


def findings(answers: Answers) -> list[Finding]:
    """The headlines: every path, what it adds up to, how much is explained, and where organizations differ."""
    if answers.main is None:
        return []
    paths, explained = answers.effects("direct"), answers.effects("r_squared")
    found = [
        Finding("What each construct does to the next", tuple(_path(answers, *pair) for pair in paths)),
        Finding("What that adds up to", tuple(_total(answers, *pair) for pair in _chains(answers.fit))),
        Finding("How much is explained", tuple(_explained(answers, name) for name, _ in explained)),
        Finding("Where organizations differ most", _differing(answers)),
    ]
    return [finding for finding in found if finding.sentences]


def _chains(fit: Fit) -> list[tuple[str, str]]:
    """Causes and outcomes at the two ends of the model that more than one arrow lies between."""
    return [
        (cause, outcome)
        for cause, outcome in ends(fit)
        if fit.model.count_routes(cause, outcome) > 1 or cause not in fit.model.predictors(outcome)
    ]


def figure(estimate: Estimate, interval: str = "", unit: str = "") -> Markup:
    """A mean as a link to its cell, and its interval; ``interval`` and ``unit`` name them where they come first."""
    return Markup(
        '<a class="figure" href="#{id}">{mean}</a>{unit} (<span class="bounds" data-cell="{id}">'
        "{interval}{lower} to {upper}</span>)"
    ).format(
        id=estimate.id,
        mean=number(estimate.mean),
        unit=unit,
        interval=f"{interval} " if interval else "",
        lower=number(estimate.lower),
        upper=number(estimate.upper),
    )


def _whom(answers: Answers, target: str) -> str:
    return {
        "average": f"on average over the {numeral(answers.fit.n_planned)} organizations",
        "typical": "in the typical organization",
        "new": "in an organization that nobody has asked yet",
    }[target]


def _path(answers: Answers, outcome: str, cause: str) -> Markup:
    words = answers.fit.model.in_words
    siblings = [name for name in answers.fit.model.predictors(outcome) if name != cause]
    held = f" and {enumeration(words(name) for name in siblings)} {'stay' if len(siblings) > 1 else 'stays'} as it is"
    held = held.replace("stay as it is", "stay as they are") * bool(siblings)
    return _sentence(
        answers, "direct", outcome, cause,
        Markup("If {cause} rises by one standard deviation{held}, {outcome} {moves} by ").format(
            cause=words(cause), held=held, outcome=words(outcome), moves=_moves(answers, "direct", outcome, cause)
        ),
        " standard deviations", "by ",
    )  # fmt: skip


def _total(answers: Answers, cause: str, outcome: str) -> Markup:
    words = answers.fit.model.in_words
    return _sentence(
        answers, "total", outcome, cause,
        Markup(
            "Along all routes together: if {cause} rises by one standard deviation and everything behind it "
            "follows, {outcome} {moves} by "
        ).format(cause=words(cause), outcome=words(outcome), moves=_moves(answers, "total", outcome, cause)),
        " standard deviations", "by ",
    )  # fmt: skip


def _explained(answers: Answers, outcome: str) -> Markup:
    model = answers.fit.model
    causes = enumeration(model.in_words(name) for name in model.predictors(outcome))
    start = Markup("{causes} {explain} of {outcome} a share of ").format(
        causes=causes[:1].upper() + causes[1:],
        explain="explain" if len(model.predictors(outcome)) > 1 else "explains",
        outcome=model.in_words(outcome),
    )
    return _sentence(answers, "r_squared", outcome, "", start)


def _moves(answers: Answers, kind: str, outcome: str, cause: str) -> str:
    estimate = answers.estimates[Key(kind, str(answers.main), outcome, cause)]
    return "rises" if estimate.mean >= 0 else "changes"


def _sentence(
    answers: Answers, kind: str, outcome: str, cause: str, start: Markup, unit: str = "", by: str = ""
) -> Markup:
    """The main figure, then those of the other populations, then whether its sign is open."""
    main = str(answers.main)
    estimate = answers.estimates[Key(kind, main, outcome, cause)]
    text = start + figure(estimate, interval_name(answers.ci_prob), unit) + f" {_whom(answers, main)}"
    others = [target for target in answers.populations if target != main]
    for target in others:
        other = answers.estimates[Key(kind, target, outcome, cause)]
        text += Markup("; {whom} {by}").format(whom=_whom(answers, target), by=by) + figure(other)
    text += "."
    if estimate.lower < 0 < estimate.upper:
        text += Markup(" The interval holds 0: the evidence leaves its sign open.")
    return text


def _differing(answers: Answers) -> tuple[Markup, ...]:
    """The path with the largest SD between organizations, and the one with the smallest."""
    ranked = sorted(
        ((estimate, path) for (quantity, path), estimate in answers.heterogeneity.items() if quantity == "beta_tau"),
        key=lambda item: item[0].mean,
    )
    if not ranked:
        return ()
    words = answers.fit.model.in_words

    def said(item: tuple[Estimate, str]) -> Markup:
        outcome, _, cause = item[1].partition("~")
        path = Markup("in the path from {cause} to {outcome}: it has a standard deviation of ").format(
            cause=words(cause), outcome=words(outcome)
        )
        return path + figure(item[0], interval_name(answers.ci_prob)) + " between them, in the data's units."

    most = Markup("Organizations differ most ") + said(ranked[-1])
    return (most,) if len(ranked) == 1 else (most, Markup("They differ least ") + said(ranked[0]))


def diagnosis(fit: Fit) -> list[str]:
    """Did the sampler converge, in words."""
    sizes = fit.posterior.sizes
    found = fit.provenance["convergence"]
    draws, chains = count(sizes["chain"] * sizes["draw"]), counted(sizes["chain"], "chain")
    sentences = [f"The posterior consists of {draws} draws from {chains}."]
    if (r_hat := found["r_hat"]) is not None:
        verdict = "agree" if r_hat <= R_HAT_LIMIT else "do not agree"
        sentences.append(f"The largest R-hat is {r_hat:.3f} (at most {R_HAT_LIMIT} is wanted): the chains {verdict}.")
    if found["ess_bulk"] is not None:
        bulk, tail = count(round(found["ess_bulk"])), count(round(found["ess_tail"]))
        sentences.append(
            f"The least certain parameter rests on as much information as {bulk} independent draws in the middle of "
            f"its distribution and {tail} at its ends (at least {ESS_LIMIT} are wanted)."
        )
    divergences = found["divergences"]
    sentences.append(f"{counted(divergences, 'draw').capitalize()} diverged.")
    return sentences
