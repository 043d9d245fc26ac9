"""A report as one HTML file: where it may be written, its templates, and the file whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from bayescx.errors import FitError
from bayescx.wording import count, counted, numeral

__all__ = ["check_report", "write_page"]


def check_report(path: Path) -> None:
    """Refuse a file that no report can be written to, before anything takes time.

    Raises
    ------
    FitError
        If it is no ``.html`` file, or not in a folder that is there.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise FitError(f"cannot write a report to {path}: a report is an .html file")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise FitError(f"cannot write a report to {path}: name a file in a folder that is there")


def write_page(target: Path, template: str, context: Mapping[str, Any]) -> Path:
    """Fill a template and write it; a file that is there is replaced once the new one is complete.

    Raises
    ------
    FitError
        If the file cannot be written.
    """
    text = _environment().get_template(template).render(context)
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except (OSError, UnicodeEncodeError) as error:
        raise FitError(f"cannot write a report to {target}: {getattr(error, 'strerror', None) or error}") from error
    finally:
        with suppress(OSError):  # as where a folder cannot be written to
            part.unlink(missing_ok=True)
    return target


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bayescx.report"),
        autoescape=True,  # names and texts come from users
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": count, "counted": counted, "numeral": numeral}
    return environment
