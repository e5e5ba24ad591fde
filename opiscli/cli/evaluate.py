"""``opis evaluate``: how good the model is, and how well one threshold serves all classes."""

from typing import Annotated

import typer

from opiscli.cli import options
from opiscli.report.formats import Format
from opiscli.settings import Distance, EvaluationSettings, RangeRequest, Utility

_METHOD = "What is measured"
_Far = Annotated[
    str | None,
    typer.Option(
        metavar="LO:HI",
        help="Calibration range by pooled false-accept rate. Default: 1e-2:1e-1.",
        rich_help_panel=_METHOD,
        show_default=False,
    ),
]
_Frr = Annotated[
    str | None,
    typer.Option(
        metavar="LO:HI",
        help="Calibration range by pooled false-reject rate instead.",
        rich_help_panel=_METHOD,
        show_default=False,
    ),
]
_Range = Annotated[
    str | None,
    typer.Option(
        "--range",
        metavar="A:B",
        help="Calibration range as two distances instead.",
        rich_help_panel=_METHOD,
        show_default=False,
    ),
]
_Utility = Annotated[
    Utility, typer.Option(help="The two rates of a class's utility.", rich_help_panel=_METHOD)
]
_Beta = Annotated[
    float, typer.Option(help="Weight of the second rate, as in F-beta.", rich_help_panel=_METHOD)
]
_Epsilon = Annotated[
    float, typer.Option(help="Share of classes that are the worst.", rich_help_panel=_METHOD)
]
_Thresholds = Annotated[
    int, typer.Option(help="Grid points over the range.", rich_help_panel=_METHOD)
]
_Distance = Annotated[
    Distance, typer.Option(help="What thresholds are measured in.", rich_help_panel=_METHOD)
]
_Ks = Annotated[
    str, typer.Option("--k", metavar="K,K,…", help="Ranks of R@k.", rich_help_panel=_METHOD)
]


def evaluate(
    source: options.Source = None,
    *,
    embedding_column: options.EmbeddingColumn = None,
    label_column: options.LabelColumn = None,
    id_column: options.IdColumn = None,
    where: options.Where = None,
    labels: options.LabelsFile = None,
    drop_duplicates: options.DropDuplicates = False,
    far: _Far = None,
    frr: _Frr = None,
    range_: _Range = None,
    utility: _Utility = Utility.TPR_TNR,
    beta: _Beta = 1.0,
    epsilon: _Epsilon = 0.1,
    thresholds: _Thresholds = 201,
    distance: _Distance = Distance.EUCLIDEAN,
    k: _Ks = "1",
    output_format: options.OutputFormat = Format.TABLE,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    seed: options.Seed = 0,
    threads: options.Threads = None,
    memory_limit: options.MemoryLimit = None,
) -> None:
    """Measure R@1, OPIS and ε-OPIS, the rates at common operating points, and the worst classes."""
    settings = EvaluationSettings(
        distance=distance,
        calibration_range=RangeRequest.of(
            far=options.parse_range("--far", far),
            frr=options.parse_range("--frr", frr),
            distance=options.parse_range("--range", range_),
        ),
        utility=utility,
        beta=beta,
        epsilon=epsilon,
        n_thresholds=thresholds,
        ks=options.parse_ranks(k),
        drop_duplicates=drop_duplicates,
        seed=seed,
    )
    name = options.source_or_stdin(source)

    # Imported here, because these pull in NumPy, FAISS and pyarrow: --help need not wait.
    from opiscli.cli.conversation import Conversation
    from opiscli.counting import is_compiled
    from opiscli.evaluation import evaluate_items
    from opiscli.report import show
    from opiscli.resources import Resources, parse_memory
    from opiscli.sources import Selection, read_embeddings

    resources = Resources.of_machine(
        threads=threads, memory_limit=None if memory_limit is None else parse_memory(memory_limit)
    )
    talk = Conversation(quiet=quiet, verbose=verbose)
    conditions = tuple(where or ())
    talk.say(f"reading {name}")
    items = read_embeddings(
        name, Selection(embedding_column, label_column, id_column, conditions, labels)
    )
    kernel = "compiled" if is_compiled(items) else "NumPy"
    talk.say(f"{items.n_items:,} × {items.dims:,}; {kernel} kernel, {resources.threads} threads")
    with talk.progress() as on_progress:
        result = evaluate_items(
            items, settings, resources, source=name, where=conditions, on_progress=on_progress
        )
    talk.warn(result.warnings)
    show(result, Format.JSON if json else output_format)
