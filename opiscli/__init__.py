"""Is one distance threshold good enough for all classes of an embedding, and which one?

>>> from opiscli import evaluate
>>> result = evaluate(embeddings, labels)      # doctest: +SKIP
>>> result.opis.value, result.recall["1"].value  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING

from opiscli.version import __version__

if TYPE_CHECKING:
    from opiscli.analysis.counting import evaluate, evaluate_items
    from opiscli.analysis.export import export
    from opiscli.analysis.finetune import FineTuned, finetune
    from opiscli.analysis.project import project
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
    "evaluate",
    "evaluate_items",
    "export",
    "finetune",
    "project",
    "read_embeddings",
]

_HOME = {
    "EmbeddingError": "errors",
    "EmbeddingSet": "embeddings.embedding_set",
    "Evaluation": "results",
    "EvaluationSettings": "settings.evaluation",
    "FineTuned": "analysis.finetune",
    "Head": "training.head",
    "OpisError": "errors",
    "OutputError": "errors",
    "SourceError": "errors",
    "TrainingError": "errors",
    "UndefinedMetric": "errors",
    "UsageError": "errors",
    "evaluate": "analysis.counting",
    "evaluate_items": "analysis.counting",
    "export": "analysis.export",
    "finetune": "analysis.finetune",
    "project": "analysis.project",
    "read_embeddings": "sources",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that ``opis --help`` stays quick."""
    if name not in _HOME:
        raise AttributeError(f"module 'opiscli' has no attribute {name!r}")
    import_module("opiscli.report")  # so that results print as their report
    return getattr(import_module(f"opiscli.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
