"""Sentences of a report. Every figure in them is taken from a table and points to its cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bayescx.fitted import Fit
from bayescx.model.convergence import ESS_LIMIT, R_HAT_LIMIT
from bayescx.report.answers import Answers, Estimate, Key, ends
from bayescx.report.chain import is_background, is_control
from bayescx.report.evidence import known_by_figures, respondents_words
from bayescx.report.tables import most_id
from bayescx.wording import count, counted, enumeration, in_words, interval_name, numeral, share, target_words

__all__ = [
    "MARK", "Finding", "about_whom", "capital", "diagnosis", "figure", "findings", "linked", "listed",
    "pictures_resting", "question", "title", "what_is_open",
]  # fmt: skip

MARK = Markup('<sup class="mark" aria-hidden="true">†</sup><span class="unseen"> (rests mostly on the prior)</span>')
"""What stands after a figure that the evidence leaves open; screen readers say it in words."""


_MOST_NAMED = 12
"""Causes of one outcome that a sentence names."""


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


def question(answers: Answers) -> list[str]:
    """What was asked, in a few sentences."""
    fit = answers.fit
    sentences = [_asked(fit), *_estimated(fit, respondents_words(fit))]
    if only := known_by_figures(fit):
        whom = numeral(len(only)).capitalize()
        of = f" of {counted(fit.n_planned, 'organization')}" if fit.n_planned > len(only) else ""
        noun = "" if of else (" organizations" if len(only) > 1 else " organization")
        sentences.append(f"{whom}{of}{noun} {'are' if len(only) > 1 else 'is'} known only by published figures.")
    if waiting := fit.n_planned - len(fit.organizations):
        planned, have = numeral(fit.n_planned), "have" if waiting != 1 else "has"
        of_them = (
            f"of {numeral(waiting)} nothing is known yet" if only else f"{numeral(waiting)} {have} not reported yet"
        )
        sentences.append(f"{planned.capitalize()} organizations are planned; {of_them}.")
        if "average" in answers.targets:
            sentences.append(
                f"The average of the {planned} counts them in, as draws from what organizations have shown to be like."
            )
    return sentences


def _asked(fit: Fit) -> str:
    """The question that the model's two ends pose."""
    model = fit.model
    pairs = ends(fit)
    if not pairs:
        shown = enumeration(in_words(fit, model.constructs))
        return f"How are {shown} related?" if len(model.constructs) > 1 else f"How is {shown} measured?"
    first, last = (list(dict.fromkeys(names)) for names in zip(*pairs, strict=True))
    between = [
        name
        for name in model.constructs
        if any(model.count_routes(cause, name) and model.count_routes(name, outcome) for cause, outcome in pairs)
    ]
    controls = [name for name in first if is_control(model, name)]
    told = list(
        dict.fromkeys(
            model.coded[name].column if name in model.coded else name for name in first if name not in controls
        )
    )
    if not told:
        controls, told = [], first
    ways = ["directly"] if any(cause in model.predictors(outcome) for cause, outcome in pairs) else []
    ways += [f"through {counted(len(between), 'construct')} between them"] if between else []
    do, asked = ("do" if len(told) > 1 else "does"), enumeration(in_words(fit, told))
    given = f", given {counted(len(controls), 'control')}" if controls else ""
    return f"How much {do} {asked} matter for {enumeration(in_words(fit, last))}, {' and '.join(ways)}{given}?"


def _estimated(fit: Fit, where: str) -> list[str]:
    """How many paths were estimated, and how many the model sets."""
    fixed = sum(row.fixed is not None for row in fit.model.paths)
    free = len(fit.model.paths) - fixed
    constructs = counted(len(fit.model.constructs), "construct")
    if not fit.model.paths:
        return [f"The model has {constructs} and no path between them; it was estimated {where}."]
    were = "were" if free != 1 else "was"
    said = [f"{counted(free, 'path').capitalize()} between {constructs} {were} estimated {where}."]
    if fixed:
        said.append(f"{counted(fixed, 'path').capitalize()} more {'are' if fixed != 1 else 'is'} set by the model.")
    return said


def findings(answers: Answers) -> list[Finding]:
    """The headlines: every path, what it adds up to, how much is explained, and where organizations differ."""
    if answers.main is None:
        return []
    model = answers.fit.model
    direct = [pair for pair in answers.effects("direct") if not is_background(model, pair[1])]
    outcomes = {row.lhs for row in answers.fit.model.paths}  # not what a second-order factor is measured by
    explained = [name for name, _ in answers.effects("r_squared") if name in outcomes]
    found = [
        Finding(
            "From one end to the other",
            tuple(_total(answers, *pair) for pair in _chains(answers.fit) if not is_background(model, pair[0])),
        ),
        Finding("What each construct does to the next", tuple(_path(answers, *pair) for pair in direct)),
        Finding("How much is explained", tuple(_explained(answers, name) for name in explained)),
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
    mean, lower, upper = estimate.figures
    named = f"{interval} " if interval else ""
    return Markup(
        '<a class="figure" href="#{id}">{mean}</a>{mark}{unit} (<span class="bounds" data-cell="{id}">'
        "{interval}{lower} to {upper}</span>)"
    ).format(
        id=estimate.id, mean=mean, mark=MARK if estimate.rests_on_prior else "", unit=unit, interval=named,
        lower=lower, upper=upper,
    )  # fmt: skip


def linked(cell_id: str, text: str, *, rests_on_prior: bool = False) -> Markup:
    """A figure without an interval as a link to its cell."""
    return Markup('<a class="figure" href="#{id}">{text}</a>{mark}').format(
        id=cell_id, text=text, mark=MARK if rests_on_prior else ""
    )


def listed(parts: Sequence[Markup]) -> Markup:
    """Parts of a sentence, the last after "and"."""
    first = Markup(", ").join(parts[:-1])
    return first + Markup(" and ") + parts[-1] if len(parts) > 1 else Markup("").join(parts)


def capital(text: str) -> str:
    """The same words at the start of a sentence."""
    return text[:1].upper() + text[1:]


def about_whom(answers: Answers, target: str) -> str:
    """Whom an answer is about, in a sentence."""
    planned = answers.fit.n_planned
    return {
        "average": f"on average over the {counted(planned, 'organization')}" if planned > 1 else "in this organization",
        "typical": "in the typical organization",
        "new": "in an organization that nobody has asked yet",
    }[target]


def _path(answers: Answers, outcome: str, cause: str) -> Markup:
    words = answers.fit.model.in_words
    siblings = [words(name) for name in answers.fit.model.predictors(outcome) if name != cause]
    stay = "stay as they are" if len(siblings) > 1 else "stays as it is"
    held = f" and {enumeration(siblings)} {stay}" if siblings else ""
    if len(siblings) > _MOST_NAMED:
        held = f" and the {numeral(len(siblings))} other direct causes of {words(outcome)} stay as they are"
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
            "Along all routes together: if {cause} rises by one standard deviation and everything it drives "
            "follows, {outcome} {moves} by "
        ).format(cause=words(cause), outcome=words(outcome), moves=_moves(answers, "total", outcome, cause)),
        " standard deviations", "by ",
    )  # fmt: skip


def _explained(answers: Answers, outcome: str) -> Markup:
    words, causes = answers.fit.model.in_words, answers.fit.model.predictors(outcome)
    start = Markup("Of the variance of {outcome}, {causes} {explain} a share of ").format(
        outcome=words(outcome),
        causes=enumeration(map(words, causes))
        if len(causes) <= _MOST_NAMED
        else f"its {numeral(len(causes))} direct causes together",
        explain="explain" if len(causes) > 1 else "explains",
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
    text = start + figure(estimate, interval_name(answers.ci_prob), unit) + f" {about_whom(answers, main)}"
    others = [target for target in answers.populations if target != main]
    for target in others:
        other = answers.estimates[Key(kind, target, outcome, cause)]
        text += Markup("; {whom} {by}").format(whom=about_whom(answers, target), by=by) + figure(other)
    text += "."
    if answers.is_fixed(kind, outcome, cause):
        text += " The model sets this path in the data's units; it was not estimated."
        return text
    return text + what_is_open(estimate)


def what_is_open(estimate: Estimate) -> str:
    """Whether the evidence leaves an effect's sign, or all of it, open; empty if neither."""
    said = " The interval holds 0: the evidence leaves its sign open." if estimate.lower < 0 < estimate.upper else ""
    if estimate.rests_on_prior:
        said += " The evidence leaves this open: the figure rests mostly on the prior."
    return said


def _differing(answers: Answers) -> tuple[Markup, ...]:
    """The path that most likely differs most between organizations, and how sure that is."""
    chances = answers.differs_most
    if len(chances) < 2:
        return ()
    words, path = answers.fit.model.in_words, max(chances, key=chances.__getitem__)
    outcome, _, cause = path.partition("~")
    sentence = Markup(
        "{start} the path from {cause} to {outcome} most likely differs most between organizations (with probability "
        '<a class="figure" href="#{id}">{chance}</a>). Its standard deviation between them is '
    ).format(
        start="Compared on a common scale," if answers.fit.provenance["scaled"] else "Of all paths,",
        cause=words(cause), outcome=words(outcome), id=most_id(path, answers), chance=share(chances[path]),
    )  # fmt: skip
    depends = path in answers.fit.model.moderators
    left = answers.heterogeneity["beta_tau", path]
    found = answers.heterogeneity["total_sd", path] if depends else left
    sentence += figure(found, interval_name(answers.ci_prob)) + ", in the data's units"
    if depends:
        sentence += Markup("; of that their attributes leave {left} unexplained").format(left=figure(left))
    rests = " It rests mostly on the prior: the evidence leaves it open." if found.rests_on_prior else ""
    return (sentence + "." + rests,)


def pictures_resting(answers: Answers, kind: str) -> str:
    """Which of the effects in a picture rest mostly on the prior; nothing where none does."""
    words = answers.fit.model.in_words
    named = [f"{words(cause)} → {words(outcome)}" for outcome, cause in answers.resting(kind)]
    if not named:
        return ""
    whom = target_words(answers.fit, str(answers.main), short=True)
    return f"For the {whom} these rest mostly on the prior, the evidence leaves them open: {'; '.join(named)}."


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
