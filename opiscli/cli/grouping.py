"""The option that looks inside groups, and what it cannot go with."""

from typing import Annotated

import typer

from opiscli.errors import UsageError

GroupBy = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Also inside each group that this column tells, such as tenant or country, at the"
        " thresholds of the whole set: how unequal are the groups?",
        rich_help_panel="What is measured",
        show_default=False,
    ),
]


def refuse_sample(group_by: str | None, sample_pairs: int | None) -> None:
    """Raise `UsageError` if groups are asked for where only some pairs are looked at."""
    if group_by is not None and sample_pairs is not None:
        raise UsageError(
            "--group-by looks at all pairs inside each group, but --sample-pairs at some of all",
            hint="Leave one of the two out.",
        )
