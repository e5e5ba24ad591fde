"""What a reader must know before trusting a gate."""

from collections.abc import Iterator, Sequence

from opiscli.results import ReportWarning
from opiscli.results.headlines import is_consistency
from opiscli.settings.conditions import Condition


def condition_warnings(conditions: Sequence[Condition]) -> Iterator[ReportWarning]:
    """Warn of a gate that a useless embedding would pass."""
    if all(is_consistency(condition.name) for condition in conditions):
        names = ", ".join(dict.fromkeys(condition.name for condition in conditions))
        yield ReportWarning(
            "only-consistency",
            f"all conditions are on differences between classes ({names}), which are smallest where"
            " all classes are equally bad; add one on accuracy, for example"
            " --fail-if 'recall@1<0.9' or --fail-if 'tar@far=1e-3<0.5'",
        )
