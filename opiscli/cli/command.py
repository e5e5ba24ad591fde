"""Commands that accept former option names and show examples in their help."""

from collections.abc import Callable, Sequence
from typing import Any

from typer.core import TyperCommand

from opiscli.cli.examples import epilog

FORMER_NAMES = {
    "--far": "--far-range",
    "--frr": "--frr-range",
    "--head": "--head-type",
    "--pairs": "--arrow",
}
"""Options of 0.1.0 whose name now means something else in another command, and their new names."""

_METAVARS = {int: "N", float: "NUMBER"}


class Command(TyperCommand):
    """A command that understands former names of its options, and whose help has examples.

    Help shows a flag without a type, and lists the choices of an option in its text, where they
    can wrap between words.
    """

    def __init__(self, name: str | None, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(name, **{**settings, "epilog": epilog(name or "")})
        _simplify(self.params)

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401
        """All parameters, the option ``--help`` included."""
        return prepared(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Parse the arguments, with former names of options replaced by present ones."""
        names = {name for parameter in self.params for name in parameter.opts}
        return super().parse_args(ctx, with_present_names(args, names))


def with_present_names(args: Sequence[str], names: set[str]) -> list[str]:
    """Replace the former name of an option, unless the command has an option of that name.

    Examples
    --------
    >>> with_present_names(["--far=1e-3:1e-2"], {"--far-range"})
    ['--far-range=1e-3:1e-2']
    """
    return [_present_name(arg, names) for arg in args]


def _present_name(arg: str, names: set[str]) -> str:
    name, equals, value = arg.partition("=")
    present = FORMER_NAMES.get(name)
    if present is None or name in names or present not in names:
        return arg
    return f"{present}{equals}{value}"


def _simplify(parameters: Sequence[Any]) -> None:
    for parameter in parameters:
        kind = parameter.type_descriptor
        if parameter.param_type_name == "argument":
            parameter.metavar = parameter.metavar or parameter.name.upper()
            parameter.display_type_rich = lambda ctx: None
        elif parameter.metavar is None and kind.is_choice and not parameter.is_flag:
            parameter.metavar = "CHOICE"
            parameter.help = f"{parameter.help} One of: {', '.join(map(str, kind.choices))}."
        elif parameter.metavar is None and not parameter.is_flag:
            parameter.metavar = _METAVARS.get(kind.annotation, "TEXT")


def prepared(parameters: list[Any]) -> list[Any]:
    """The same parameters: flags are shown without a type, and only what must be is converted."""
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
        if "process_value" not in vars(parameter):
            parameter.process_value = _converts_if_needed(parameter)
    return parameters


def _converts_if_needed(parameter: Any) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    """Convert a value as the parameter does, except where nothing is to be converted.

    Typer imports Pydantic to convert a value, which takes longer than all else that it does. Most
    options are not given, and text is text.
    """
    converted, kind = parameter.process_value, parameter.type_descriptor.annotation

    def process_value(context: Any, value: Any) -> Any:  # noqa: ANN401
        is_absent = value is None and not parameter.required
        if not is_absent and not _has_type(value, kind):
            return converted(context, value)
        callback = parameter.callback
        return value if callback is None else callback(context, parameter, value)

    return process_value


def _has_type(value: Any, kind: Any) -> bool:  # noqa: ANN401
    if kind == list[str]:
        return isinstance(value, list | tuple) and len(value) > 0
    return isinstance(kind, type) and isinstance(value, kind)
