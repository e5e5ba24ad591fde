"""The options that commands share, declared once."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opiscli.atomic_file import require_free
from opiscli.errors import UsageError
from opiscli.report.tables.formats import Format
from opiscli.settings.evaluation import Distance, RangeRequest, Utility

if TYPE_CHECKING:
    from opiscli.settings.resources import Resources

_METHOD = "What is measured"

Source = Annotated[
    str | None,
    typer.Argument(
        help="Parquet, Arrow, Feather, NPY or NPZ file, folder or 'glob' of Parquet files,"
        " a saved evaluation (.opis), or - for an Arrow stream or an evaluation on stdin, which"
        " is also the default in a pipe.",
        show_default=False,
    ),
]
EmbeddingColumn = Annotated[
    str | None,
    typer.Option(
        help="Column of embeddings. Default: embedding, else the one list-of-float column.",
        rich_help_panel="Input",
        show_default=False,
    ),
]
LabelColumn = Annotated[
    str | None,
    typer.Option(
        help="Column of labels. Default: label.", rich_help_panel="Input", show_default=False
    ),
]
IdColumn = Annotated[
    str | None,
    typer.Option(
        help="Column of ids, to name a bad row by.", rich_help_panel="Input", show_default=False
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=VALUE",
        help="Only rows with this value. Repeat to narrow further.",
        rich_help_panel="Input",
        show_default=False,
    ),
]
LabelsFile = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        metavar="FILE.npy",
        help="Labels of an NPY source.",
        rich_help_panel="Input",
        show_default=False,
    ),
]
DropDuplicates = Annotated[
    bool | None,
    typer.Option(
        "--drop-duplicates",
        help="Keep one of all items with exactly the same embedding.",
        rich_help_panel="Input",
    ),
]
OutputFormat = Annotated[
    Format,
    typer.Option("--format", "-f", help="How to print the result.", rich_help_panel="Output"),
]
Json = Annotated[
    bool, typer.Option("--json", help="Short for --format json.", rich_help_panel="Output")
]
Quiet = Annotated[
    bool,
    typer.Option("-q", "--quiet", help="No progress, no warnings.", rich_help_panel="Output"),
]
Verbose = Annotated[
    bool,
    typer.Option("-v", "--verbose", help="Say what is being done.", rich_help_panel="Output"),
]
Threads = Annotated[
    int | None,
    typer.Option(
        help="Default: one per processor.", rich_help_panel="Resources", show_default=False
    ),
]
MemoryLimit = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="For example 1.5GB. Default: a quarter of the memory.",
        rich_help_panel="Resources",
        show_default=False,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        help="Of everything random. Default: 0.", rich_help_panel="Resources", show_default=False
    ),
]
RangeByFar = Annotated[
    str | None,
    typer.Option(
        metavar="LO:HI",
        help="Calibration range by pooled false-accept rate. Default: 1e-2:1e-1.",
        rich_help_panel=_METHOD,
        show_default=False,
    ),
]
RangeByFrr = Annotated[
    str | None,
    typer.Option(
        metavar="LO:HI",
        help="Calibration range by pooled false-reject rate instead.",
        rich_help_panel=_METHOD,
        show_default=False,
    ),
]
RangeByDistance = Annotated[
    str | None,
    typer.Option(
        "--range",
        metavar="A:B",
        help="Calibration range as two distances instead.",
        rich_help_panel=_METHOD,
        show_default=False,
    ),
]
OfUtility = Annotated[
    Utility | None,
    typer.Option(
        "--utility",
        help="The two rates of a class's utility. Default: tpr-tnr.",
        rich_help_panel=_METHOD,
    ),
]
Beta = Annotated[
    float | None,
    typer.Option(
        help="Weight of the second rate, as in F-beta. Default: 1.", rich_help_panel=_METHOD
    ),
]
Epsilon = Annotated[
    float | None,
    typer.Option(
        help="Share of classes that are the worst. Default: 0.1.", rich_help_panel=_METHOD
    ),
]
Ranks = Annotated[
    str | None,
    typer.Option("--k", metavar="K,K,…", help="Ranks of R@k. Default: 1.", rich_help_panel=_METHOD),
]
OfDistance = Annotated[
    Distance | None,
    typer.Option(
        "--distance",
        help="What thresholds are measured in. Default: euclidean.",
        rich_help_panel=_METHOD,
        show_default=False,
    ),
]
ThresholdFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.json",
        help="Take the threshold from a file that calibrate -o wrote.",
        rich_help_panel="What the threshold is to achieve",
        show_default=False,
    ),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Overwrite files.", rich_help_panel="Output"),
]


def source_or_stdin(source: str | None) -> str:
    """Name the source; left out while stdin is a pipe or a file, it is stdin.

    Raises
    ------
    UsageError
        If it was left out and nothing is piped in.
    """
    if source is not None:
        return source
    mode = Path("/dev/stdin")
    if sys.stdin is not None and (mode.is_fifo() or mode.is_file() or mode.is_socket()):
        return "-"
    raise UsageError(
        "no SOURCE was given and nothing is piped in",
        hint="Name a file, for example: opis evaluate embeddings.parquet.",
    )


def parse_range(option: str, text: str | None) -> tuple[float, float] | None:
    """Two numbers from ``lo:hi``; nothing from nothing.

    Raises
    ------
    UsageError
        If there are not exactly two numbers.
    """
    if text is None:
        return None
    try:
        lo, hi = (float(part) for part in text.split(":"))
    except ValueError as cause:
        raise UsageError(
            f"{option} {text} is not a range, expected two numbers LO:HI",
            hint=f"For example {option} 1e-2:1e-1; the threshold for one rate is what opis"
            " calibrate gives.",
        ) from cause
    return lo, hi


def parse_calibration_range(
    far: str | None, frr: str | None, range_: str | None
) -> RangeRequest | None:
    """The calibration range that was asked for, if one was; raises `UsageError` if two were."""
    return RangeRequest.given(
        far=parse_range("--far", far),
        frr=parse_range("--frr", frr),
        distance=parse_range("--range", range_),
    )


def parse_ranks(text: str | None) -> tuple[int, ...] | None:
    """Increasing ranks from ``1,5,10``; nothing from nothing.

    Raises
    ------
    UsageError
        If a part is not a whole number.
    """
    if text is None:
        return None
    try:
        return tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError as cause:
        raise UsageError(
            f"--k {text} is not a list of ranks, expected whole numbers",
            hint="For example --k 1,5.",
        ) from cause


def given(**options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Only the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def resources(threads: int | None, memory_limit: str | None) -> "Resources":
    """What a command may use of the machine."""
    from opiscli.settings.resources import Resources, parse_memory

    limit = None if memory_limit is None else parse_memory(memory_limit)
    return Resources.of_machine(threads=threads, memory_limit=limit)


def save_path(text: str | None, *, force: bool) -> Path | None:
    """Where ``--save`` writes; ``None`` for nowhere, and for stdout.

    Raises
    ------
    UsageError
        If the file exists already, or stdout is a terminal.
    OutputError
        If it cannot be written.
    """
    if text is None:
        return None
    if text == "-":
        if sys.stdout.isatty():
            raise UsageError(
                "--save - writes a binary file, and stdout is a terminal",
                hint="Pipe it on: opis evaluate e.parquet --save - | opis calibrate --far 1e-3.",
            )
        return None
    require_free(Path(text), force=force)
    return Path(text)


def whole(option: str, value: float | None) -> int | None:
    """Whole number from one written as ``1e9``.

    Raises
    ------
    UsageError
        If it is not whole.
    """
    if value is None:
        return None
    if not value.is_integer():
        raise UsageError(
            f"{option} is {value:g}, expected a whole number", hint=f"For example {option} 1e9."
        )
    return int(value)
