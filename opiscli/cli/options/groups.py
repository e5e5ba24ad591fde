"""Groups of options: frozen dataclasses that commands share, expanded into options of a command."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import is_dataclass
from functools import wraps
from inspect import Parameter
from typing import Any, cast

import typer


def option(text: str, panel: str | None, *names: str, **more: Any) -> Any:  # noqa: ANN401
    """An option with its help text, in a panel of ``--help``.

    Parameters
    ----------
    names
        By default the name of the parameter.
    more
        As `typer.Option` takes it; a default is shown only where ``show_default`` is set.
    """
    more = {"show_default": False, **more}
    return typer.Option(*names, help=text, rich_help_panel=panel, **more)


def takes_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the fields of its dataclass parameters as options, in their place.

    A field that is itself a dataclass is expanded, too. If a parameter has a default, its
    values are the defaults of the options.
    """
    parameters = inspect.signature(command).parameters.values()
    options = [option for parameter in parameters for option in _expanded(parameter)]

    @wraps(command)
    def with_options(**given: Any) -> None:  # noqa: ANN401
        command(**{p.name: _gathered(p.name, p.annotation, given) for p in parameters})

    # What Typer looks at to learn of a command's options.
    vars(with_options)["__signature__"] = inspect.Signature(options)
    with_options.__annotations__ = {option.name: option.annotation for option in options}
    return with_options


def _expanded(parameter: Parameter) -> Iterator[Parameter]:
    """The options that a parameter expands to."""
    if not is_dataclass(parameter.annotation):
        yield parameter
        return
    for field in _fields(parameter.annotation):
        default = field.default
        if parameter.default is not Parameter.empty:
            default = getattr(parameter.default, field.name)
        yield from _expanded(field.replace(kind=Parameter.KEYWORD_ONLY, default=default))


def _gathered(name: str, kind: Any, given: dict[str, Any]) -> Any:  # noqa: ANN401
    """Value of a parameter: an option as it was given, or a group made of its options."""
    if not is_dataclass(kind):
        return given[name]
    of_group = {f.name: _gathered(f.name, f.annotation, given) for f in _fields(kind)}
    return cast(Callable[..., object], kind)(**of_group)


def _fields(group: Any) -> Iterable[Parameter]:  # noqa: ANN401
    return inspect.signature(group).parameters.values()
