"""Does one distance threshold work for all classes of an embedding, and which value to use?

>>> from opiscli import evaluate
>>> result = evaluate(embeddings, labels)      # doctest: +SKIP
>>> result.opis.value, result.recall["1"].value  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING

from opiscli.settings.version import __version__

if TYPE_CHECKING:
    from opiscli.analysis.counting import evaluate_items
    from opiscli.analysis.export import export
    from opiscli.analysis.finetune import FineTuned
    from opiscli.analysis.project import project, project_with_offsets
    from opiscli.api.decide import calibrate, check
    from opiscli.api.finetune import finetune
    from opiscli.api.inspect import inspect
    from opiscli.api.measure import compare, count, evaluate
    from opiscli.api.normalize import normalize
    from opiscli.api.plots import (
        plot_classes,
        plot_curves,
        plot_det,
        plot_distances,
        plot_pareto,
    )
    from opiscli.api.probability import probability
    from opiscli.api.report import write_report
    from opiscli.api.translate import translate
    from opiscli.counts.counts import CountedSet
    from opiscli.embeddings.embedding_set import EmbeddingSet
    from opiscli.errors import (
        EmbeddingError,
        OpisError,
        OutputError,
        SourceError,
        TrainingError,
        UndefinedMetric,
        UsageError,
    )
    from opiscli.results import Evaluation
    from opiscli.settings.evaluation import EvaluationSettings
    from opiscli.sources import read_embeddings
    from opiscli.training.head import Head

__all__ = [
    "CountedSet",
    "EmbeddingError",
    "EmbeddingSet",
    "Evaluation",
    "EvaluationSettings",
    "FineTuned",
    "Head",
    "OpisError",
    "OutputError",
    "SourceError",
    "TrainingError",
    "UndefinedMetric",
    "UsageError",
    "__version__",
    "calibrate",
    "check",
    "compare",
    "count",
    "evaluate",
    "evaluate_items",
    "export",
    "finetune",
    "inspect",
    "normalize",
    "plot_classes",
    "plot_curves",
    "plot_det",
    "plot_distances",
    "plot_pareto",
    "probability",
    "project",
    "project_with_offsets",
    "read_embeddings",
    "translate",
    "write_report",
]

_MODULES = {
    "analysis.counting": ("evaluate_items",),
    "analysis.export": ("export",),
    "analysis.finetune": ("FineTuned",),
    "analysis.project": ("project", "project_with_offsets"),
    "api.decide": ("calibrate", "check"),
    "api.finetune": ("finetune",),
    "api.inspect": ("inspect",),
    "api.measure": ("compare", "count", "evaluate"),
    "api.normalize": ("normalize",),
    "api.plots": ("plot_classes", "plot_curves", "plot_det", "plot_distances", "plot_pareto"),
    "api.probability": ("probability",),
    "api.report": ("write_report",),
    "api.translate": ("translate",),
    "counts.counts": ("CountedSet",),
    "embeddings.embedding_set": ("EmbeddingSet",),
    "errors": (
        "EmbeddingError",
        "OpisError",
        "OutputError",
        "SourceError",
        "TrainingError",
        "UndefinedMetric",
        "UsageError",
    ),
    "results": ("Evaluation",),
    "settings.evaluation": ("EvaluationSettings",),
    "sources": ("read_embeddings",),
    "training.head": ("Head",),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that ``opis --help`` stays quick."""
    for module, names in _MODULES.items():
        if name in names:
            import_module("opiscli.report")  # so that results print as their report
            return getattr(import_module(f"opiscli.{module}"), name)
    raise AttributeError(f"module 'opiscli' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
