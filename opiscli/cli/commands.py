"""The group of all commands: a command is imported when it is run or its own help is shown."""

from functools import cached_property
from importlib import import_module
from typing import Any, cast

from typer import Typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from opiscli.cli.command import Command, prepared

PANELS = {
    "Measure": {
        "evaluate": "Measure R@1, OPIS and ε-OPIS, the rates at common thresholds and the lowest"
        " class scores.",
        "compare": "Compare R@1, OPIS, ε-OPIS and TAR of several sources with the first.",
        "inspect": "List the classes with the highest error rates, the hardest pairs and likely"
        " label errors.",
    },
    "Decide": {
        "calibrate": "Choose a threshold for a false-accept rate or another target, and report its"
        " rates.",
        "translate": "Find the threshold of a new model that accepts the same share of pairs of the"
        " same items.",
        "check": "Fail (exit code 1) if any condition is met, and list the conditions that are.",
    },
    "Improve": {
        "finetune": "Train a projection head on frozen embeddings with a metric-learning loss and"
        " TCM.",
        "normalize": "Add a column offset that makes similarities comparable between classes; print"
        " the path.",
        "project": "Apply a head or a probability to a source, write it as Parquet and print the"
        " path.",
        "export": "Write a head as ONNX, as a FAISS index or as NumPy arrays, and print the path.",
    },
    "Show": {
        "report": "Write a self-contained HTML page: numbers, plots, a threshold explorer and all"
        " classes.",
        "plot-curves": "Draw the score of every class against the threshold; two sources give two"
        " panels.",
        "plot-distances": "Draw histograms of same-class and different-class distances, with common"
        " thresholds.",
        "plot-det": "Draw the detection error trade-off (FRR against FAR) of one or more sources.",
        "plot-pareto": "Draw 1 − R@1 against OPIS, one dot per source; --arrow adds arrows from"
        " base to tuned.",
        "plot-classes": "Draw the FAR and FRR of every class at one threshold, one dot per class.",
    },
    "Help": {"help": "Show the help of a command, or the list of all commands."},
}
"""Commands by the panel of ``opis --help``, with the first paragraph of their help."""


class Listed(TyperCommand):
    """A command as the list of commands shows it."""

    @cached_property
    def loaded(self) -> TyperCommand:
        """The command with its options, from the module and function of its name."""
        function = str(self.name).replace("-", "_")
        alone = Typer(add_completion=False)
        module = import_module(f"opiscli.cli.{function}")
        alone.command(self.name, cls=Command)(getattr(module, function))
        return cast(TyperCommand, get_command(alone))

    def make_context(self, *args: Any, **settings: Any) -> Any:  # noqa: ANN401
        """Parse the arguments as the command itself does."""
        return self.loaded.make_context(*args, **settings)


class Commands(TyperGroup):
    """All commands, in the same style as each of them."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401
        listed = {
            name: Listed(name, help=text, rich_help_panel=panel)
            for panel, texts in PANELS.items()
            for name, text in texts.items()
        }
        super().__init__(**{**settings, "commands": listed})

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401
        """All parameters, the options ``--help`` and of completion included."""
        return prepared(super().get_params(ctx))
