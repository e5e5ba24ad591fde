"""Fills templates: every text is escaped, and characters that would hide are spelled out."""

import base64
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from opiscli.results.text import distance, printable, rate, score, similarity, span


def render(template: str, /, **values: object) -> str:
    """Fill the template of that name; only `Markup` goes in as it is."""
    return _environment().get_template(template).render(values)


def part(name: str) -> str:
    """Contents of a file of this folder."""
    return files("opiscli.report.html").joinpath(name).read_text("utf-8")


def as_base64(contents: bytes) -> str:
    """Bytes as text for a data URL or an integrity hash."""
    return base64.b64encode(contents).decode("ascii")


def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(part),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_spelled_out,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        distance=distance, rate=rate, score=score, similarity=similarity, span=span
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return environment


def _spelled_out(value: object) -> object:
    """Printable text of a label; markup and numbers are left alone."""
    is_label = isinstance(value, str) and not isinstance(value, Markup)
    return printable(str(value)) if is_label else value
