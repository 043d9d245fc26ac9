"""The parts of a replication that people read: README and requirements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from string import Template

from bayescx.errors import FitError
from bayescx.estimands.population import available_targets, variables_without_unit
from bayescx.evidence import Matched, Published
from bayescx.evidence.findings import listing, printable, shortened
from bayescx.fitted import Fit
from bayescx.replication.tables import TARGETS
from bayescx.replication.verdict import NEVER, ONE_IN

__all__ = ["readme", "requirements", "small_groups"]

FEW = 10
"""Moments of fewer respondents come close to their answers; ``bayescx moments`` writes none by default."""

_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]*")
_MOMENTS_ROW = (
    "| `moments/*.json` | n, means and covariances (divisor n - 1; or correlations) of each organization that shared "
    "data; where answers are missing, n, means and sums of squares of each group of respondents who answered the same "
    "|\n"
)
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def requirements(fit: Fit) -> str:
    """The versions that a fit was made with, one line each, for pip.

    Raises
    ------
    FitError
        If one of them is not a version: the fit's file was written by something else.
    """
    versions = {str(name): str(version) for name, version in fit.provenance["versions"].items()}
    for name, version in versions.items():
        if not (_PACKAGE.fullmatch(name) and _VERSION.fullmatch(version)):
            raise FitError(f"this fit cannot be replicated: {name!r} {version!r} is not a package with its version")
    head = (
        f"# Python {versions.get('python', 'unknown')}\n"
        "# bayescx may need installing from its repository first, at the version below.\n"
    )
    return head + "".join(f"{name}=={version}\n" for name, version in versions.items() if name != "python")


def readme(fit: Fit, ci_prob: float, moments: Mapping[str, str]) -> str:
    """Text of the README, in Markdown; ``moments`` names the file of each organization."""
    made = fit.provenance
    versions = made["versions"]
    facts = {
        **{name: made[name] for name in ("draws", "tune", "chains", "target_accept", "seconds")},
        **{name: _plain(made[name]) for name in ("engine", "created_at")},
        "notices": _notices(fit),
        "model": _plain(fit.model.name or "without a name"),
        "bayescx": versions.get("bayescx", ""),
        "python": versions.get("python", ""),
        "one_in": ONE_IN,
        "never": f"{NEVER:g}",
        "document": _document(fit.evidence, moments),
        "moments_row": _MOMENTS_ROW if moments else "",
        "n_planned": fit.n_planned,
        "percent": f"{100 * ci_prob:g}",
        "targets": _targets(fit),
        "pooling": ", ".join(f"{block} {word}" for block, word in fit.pooling.items()),
        "seed": fit.seed,
        "units": _units(fit),
        "fingerprint": fit.evidence.fingerprint,
        "organizations": "\n".join(_organizations(fit, moments)),
        "left_out": "\n".join([*_attributes(fit.evidence), *_figures(fit.evidence), *_left_out(fit)]),
    }
    template = files(__package__).joinpath("templates", "readme.txt").read_text(encoding="utf-8")
    return Template(template).substitute({name: str(value) for name, value in facts.items()}).rstrip() + "\n"


def _document(evidence: Matched, moments: Mapping[str, str]) -> str:
    """What the evidence document holds."""
    attributes = ", and their attributes" if evidence.attributes.names else ""
    if not moments:
        return f"the organizations and the published figures about them{attributes}"
    figures = ", and published figures" if evidence.published else ""
    whose = " that shared data" if figures else ""
    return f"the organizations, which file holds the moments of each{whose}{figures}{attributes}"


def _plain(text: str, width: int = 80) -> str:
    """A name or a sentence as Markdown that shows it and does nothing else."""
    shown = printable(shortened(text, width))
    return re.sub(
        r"[&<>]|[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])", lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), shown
    )


def _notices(fit: Fit) -> str:
    notices = []
    if fit.evidence.simulated:
        notices.append("**Simulated data: made by a program; no organization gave them.**")
    if problems := fit.provenance["convergence_problems"]:
        short = (re.sub(r"\w{40,}", lambda found: shortened(found[0], 40), problem) for problem in problems)
        reasons = "; ".join(_plain(problem, 300) for problem in short)  # names of parameters may be long
        notices.append(f"**The original fit did not converge: its figures are not to be relied on.** ({reasons})")
    if few := small_groups(fit.evidence):
        notices.append(f"**Confidential: this folder holds {_plain(few, 700)}.**")
    return "".join(f"> {notice}\n\n" for notice in notices)


def small_groups(evidence: Matched) -> str:
    """Say where moments that were computed from rows are of so few respondents that they show their answers."""
    groups = {
        name: [one.n_obs for one in patterns if one.n_obs < FEW]
        for name, patterns in evidence.patterns.items()
        if evidence.level.get(name) == "rows"
    }
    few = {name: sizes for name, sizes in groups.items() if sizes}
    if not few:
        return ""
    count, single = sum(map(len, few.values())), sum(sizes.count(1) for sizes in few.values())
    lone = f", {single} of them of a single respondent, whose answers they are" if single else ""
    return (
        f"moments of {count} group{'s' if count > 1 else ''} of fewer than {FEW} respondents who answered the same "
        f"({listing(list(few))}){lone}; to share none, fit to what the command 'bayescx moments' writes"
    )


def _units(fit: Fit) -> str:
    observed = "divided by their pooled within-organization SD" if fit.provenance["scaled"] else "in their own units"
    if lacking := variables_without_unit(fit):
        whose = "" if len(lacking) == len(fit.evidence.variables) else f" of {_plain(listing(lacking, 8), 400)}"
        observed += f" (nobody shared the units{whose}, so nothing is raw)"
    if not fit.model.latents:
        return observed
    if fit.identification == "marker":
        return f"{observed}; first loadings are 1"
    whose = " in the population" if fit.pooling["loadings"] == "partial" else ""
    return f"{observed}; loadings of a factor average 1{whose}"


def _targets(fit: Fit) -> str:
    lost = [f"`{target}`" for target in TARGETS if target not in available_targets(fit)]
    return f" The pooling of this fit leaves {' and '.join(lost)} without an answer." if lost else ""


def _organizations(fit: Fit, moments: Mapping[str, str]) -> list[str]:
    evidence = fit.evidence
    only = [name for name in fit.organizations if name not in moments]
    lines = []
    if moments:
        lines += [f"{len(moments)} of {fit.n_planned} organizations reported:", ""]
    for name, n_obs in zip(fit.organizations, evidence.n_obs.tolist(), strict=True):
        if name in moments:
            lines.append(f"- `{moments[name]}`: {_plain(name)}, n = {n_obs}{_how(evidence, name)}")
    if only:
        lines += [""] if moments else []
        named = ", ".join(map(_plain, only))
        lines.append(f"{len(only)} of {fit.n_planned} organizations are known by published figures only: {named}.")
    return lines


def _how(evidence: Matched, name: str) -> str:
    """How one organization's data came, and what they lack."""
    said = [_SHARED.get(evidence.level.get(name, ""), _SHARED["moments"])]
    patterns = evidence.patterns.get(name, ())
    answered = {variable for one in patterns for variable in one.variables} or range(len(evidence.variables))
    lacks = [_plain(variable) for k, variable in enumerate(evidence.variables) if k not in answered]
    said += [f"without {', '.join(lacks)}"] if lacks else []
    if len(patterns) > 1:
        said.append(
            f"answers are missing, and those that there are count: {len(patterns)} groups who answered the same"
        )
    if dropped := evidence.dropped.get(name, 0):
        said.append(f"{dropped} row{'s were' if dropped > 1 else ' was'} left out for missing answers")
    return f", {'; '.join(said)}"


_SHARED = {
    "rows": "computed from its rows",
    "moments": "shared as moments",
    "correlations": "shared as correlations, without units",
}


def _attributes(evidence: Matched) -> list[str]:
    """The attributes of organizations that paths depend on."""
    known = evidence.attributes
    if not known.names:
        return []
    columns = ", ".join(_plain(name) for name in dict.fromkeys(one.column for one in known.moderators))
    others = ", ".join(map(_plain, known.unreported))
    too = f"; known too of {others}, without data in this fit" if others else ""
    return ["", f"Attributes of organizations that paths depend on (in `evidence.toml`): {columns}{too}."]


def _figures(evidence: Matched) -> list[str]:
    """The published figures, one line each."""
    if not evidence.published:
        return []
    count = len(evidence.published)
    lines = ["", f"Figures that were published ({count}, in `evidence.toml`):", ""]
    lines += [f"- {_figure(figure)}" for figure in evidence.published]
    declared = ", ".join(f"{_plain(path)} {'+' if sign > 0 else '−'}" for path, sign in evidence.signs.items())
    return lines + (["", f"Declared signs of paths: {declared}."] if declared else [])


def _figure(figure: Published) -> str:
    n_obs = figure.n_obs if isinstance(figure.n_obs, int) else f"{figure.n_obs[0]} to {figure.n_obs[1]}"
    value = "" if figure.value is None else f" = {figure.value:g}"
    check = "; only compared with what the posterior predicts" if figure.use == "check" else ""
    source = f"; {_plain(figure.source, 200)}" if figure.source else ""
    return f"{_plain(figure.label, 200)}{value}, n = {n_obs} together, rule {figure.rule}{check}{source}"


def _left_out(fit: Fit) -> list[str]:
    lines = []
    if kept_out := fit.evidence.kept_out:
        named = ", ".join(f"{_plain(name)} (n = {n_obs})" for name, n_obs in kept_out.items())
        lines += ["", f"Kept out of the fit, because they have too few respondents: {named}."]
    if fit.evidence.unassigned:
        lines += ["", f"{fit.evidence.unassigned} rows named no organization and were left out."]
    return lines
