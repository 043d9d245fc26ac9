"""What ``check`` shows: the equations of a model, who shared what about it, and what was published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from bayescx.cli.console import say, table_of
from bayescx.evidence.findings import listing, printable

if TYPE_CHECKING:
    from rich.console import Console

    from bayescx.evidence import Evidence, Matched, Published
    from bayescx.spec import PathModel

__all__ = ["respondents", "show_inputs"]

_NAMES_IN_A_CELL = 6


def show_inputs(console: Console, model: PathModel, evidence: Evidence, matched: Matched) -> None:
    """The equations of a model, who shared what about its variables, and published figures."""
    console.print(Text(f"Model {model.name or ''}".rstrip(), style="bold"))
    console.print(Text(str(model)))
    console.print()
    console.print(Text("Evidence", style="bold"))
    _show_organizations(console, model, evidence, matched)
    console.print()
    say(console, f"{len(matched.organizations)} of {matched.n_planned} organizations planned, {respondents(matched)}.")
    if matched.kept_out:
        say(console, f"Kept out for too few respondents: {', '.join(matched.kept_out)}.")
    if matched.unassigned:
        say(console, f"Left out: {matched.unassigned} rows that name no organization.")
    if matched.published:
        console.print()
        _show_figures(console, matched)
    for sentence in [*_coded(model, matched), *_attributes(model, matched), *_signs(model, matched)]:
        say(console, sentence)


def _show_organizations(console: Console, model: PathModel, evidence: Evidence, matched: Matched) -> None:
    left_out = "incomplete rows" if evidence.missing == "listwise" else "rows without an answer"
    rows = []
    for share in evidence.summary(model.observed, model.coded).itertuples():
        name, level = str(share.organization), str(share.level)
        used = "yes" if share.used else "kept out"
        if level == "figures":
            rows.append([name, level, "", "", "", "", used])
            continue
        dropped = str(share.dropped) if level == "rows" else "not known"
        groups = str(len(matched.patterns.get(name, ())) or 1) if share.used else ""
        rows.append([name, level, str(share.n_obs), dropped, groups, str(share.lacks) or "nothing", used])
    headers = ["organization", "shared", "n", left_out, "patterns", "lacks", "used"]
    told = [
        k for k, name in enumerate(headers) if any(row[k] for row in rows) and (name != "patterns" or matched.patterns)
    ]
    console.print(table_of([headers[k] for k in told], [[row[k] for k in told] for row in rows], 2))


def respondents(matched: Matched) -> str:
    """Say how many respondents there are and how complete they are; without any, how many figures."""
    total, size = int(matched.n_obs.sum()), len(matched.variables)
    only = [name for name in matched.organizations if matched.level.get(name) == "figures"]
    if not total:
        return "known by published figures only"
    known = f"{_counted(len(only), 'organization')} known by published figures only" if only else ""
    if not any(matched.level.get(name) != "correlations" for name in matched.patterns):
        said = f"{total} respondents with all {size} variables"
    else:
        said = f"{total} respondents with an answer to at least one of the {size} variables"
    return f"{said}{'; ' if known else ''}{known}{_incomplete(matched)}"


def _incomplete(matched: Matched) -> str:
    names = [name for name in matched.patterns if matched.level.get(name) != "correlations"]
    if not names:
        return ""
    return (
        f"; answers are missing in {_counted(len(names), 'organization')}, and those that there are count (patterns: "
        "groups of respondents who answered the same)"
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _show_figures(console: Console, matched: Matched) -> None:
    console.print(Text("Published figures", style="bold"))
    rows = [
        [
            figure.subject,
            listing([printable(name) for name in figure.organizations], _NAMES_IN_A_CELL, width=30),
            "" if figure.value is None else f"{figure.value:g}",
            _size(figure),
            figure.rule,
            figure.use,
        ]
        for figure in matched.published
    ]
    console.print(table_of(["figure", "organizations", "value", "n", "rule", "use"], rows, 2))
    console.print()
    say(
        console,
        "n counts the respondents of all organizations of a figure together.",
        *(
            ["Figures whose use is check inform nothing: they are compared with what the posterior predicts."]
            if any(figure.use == "check" for figure in matched.published)
            else []
        ),
    )


def _coded(model: PathModel, matched: Matched) -> list[str]:
    """What is compared with what in coded terms, and which levels and sides nobody has where."""
    from bayescx.coding import Category
    from bayescx.evidence.empty_levels import empty_levels

    references = {one.column: one.reference for one in model.coded.values() if isinstance(one, Category)}
    said = [
        f"Levels of {printable(column)} are compared with '{printable(level)}', the first."
        for column, level in references.items()
    ]
    for column, organizations in empty_levels(matched, model.coded).items():
        where = listing([printable(name) for name in organizations], _NAMES_IN_A_CELL)
        said.append(f"Nobody has {printable(column)} at {where}: about it the others tell.")
    if model.coded:
        said.append("Exogenous variables are taken as they were observed.")
    return said


def _attributes(model: PathModel, matched: Matched) -> list[str]:
    """What pooled paths depend on: the range of a number, how many organizations have each level of a category."""
    from bayescx.evidence.attribute_values import levels_of

    found = matched.attributes
    if not found.moderators:
        return []
    shown = "; ".join(f"{printable(column)} ({_spread(column, matched)})" for column in levels_of(model.attributes))
    paths = listing([printable(path) for path in model.moderators], _NAMES_IN_A_CELL)
    sentences = [f"Attributes of the {len(found.values)} organizations: {shown}.", f"On them depend: {paths}."]
    if found.unreported:
        names = listing([printable(name) for name in found.unreported], _NAMES_IN_A_CELL)
        sentences.append(f"Of planned organizations that are not used they are known too: {names}.")
    return sentences


def _spread(column: str, matched: Matched) -> str:
    """The range of a number, or how many organizations have each level."""
    from bayescx.evidence.attribute_values import levels_of

    values = [entry[column] for entry in matched.attributes.stated(matched.organizations).values()]
    values = values[: len(matched.organizations)]
    levels = levels_of({one.name: one for one in matched.attributes.moderators})[column]
    if levels:
        return ", ".join(f"{printable(level)} {values.count(level)}" for level in levels)
    numbers = [float(value) for value in values]
    return f"{min(numbers):g} to {max(numbers):g}, mean {sum(numbers) / len(numbers):.4g}"


def _size(figure: Published) -> str:
    return str(figure.n_obs) if isinstance(figure.n_obs, int) else "{} to {}".format(*figure.n_obs)


def _signs(model: PathModel, matched: Matched) -> list[str]:
    """Which way paths are taken to point, where nothing that was shared tells."""
    if not (matched.published or matched.signs):
        return []
    from bayescx.model.prepare import prepare
    from bayescx.model.signs import told_paths

    prepared = prepare(model, matched)
    signed = [prepared.layout.components[c].name for c in (prepared.informed.signs if prepared.informed else {})]
    assumed = [printable(name) for name in signed if name not in matched.signs]
    declared = [f"{printable(name)} {'+' if sign > 0 else '-'}" for name, sign in matched.signs.items()]
    said = [f"Declared signs: {', '.join(declared)}."] if declared else []
    told = [printable(name) for name in told_paths(prepared.layout, matched) if name in matched.signs]
    if told:
        said.append(
            f"Of {', '.join(told)} data tell too: the centre of the population keeps the declared sign all the same."
        )
    if assumed:
        said.append(
            f"Taken to be positive, where only figures speak: {', '.join(assumed)}. A path that is not is declared "
            'under [signs] in the evidence, as in "outcome~cause" = "-".'
        )
    return said
