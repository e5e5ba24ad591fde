"""Options that replace labels: a bound of the share of same-class pairs, or impostors."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

from opiscli.cli.options.groups import option
from opiscli.cli.options.parsing import parse_rate
from opiscli.cli.options.rows import Rows
from opiscli.settings.choice import require_together

if TYPE_CHECKING:
    from opiscli.analysis.calibrate_unlabelled import Unlabelled

_PANEL = "Without labels"
_Unlabelled = Annotated[
    bool,
    option(
        "Do not use labels: choose the largest threshold whose FAR is certainly at most the"
        " target, from the share of all pairs that it accepts. Needs --max-positive-share.",
        _PANEL,
        "--unlabelled",
    ),
]
_MaxPositiveShare = Annotated[
    float | None,
    option(
        "Upper bound of the share of pairs that are of one class: about 1/C with C classes of equal"
        " size.",
        _PANEL,
        metavar="SHARE",
        parser=parse_rate,
    ),
]
_Impostors = Annotated[
    str | None,
    option(
        "Items of other classes than those of SOURCE: every pair of an item and one of these is a"
        " different-class pair, which FAR is measured on. Labels are optional.",
        _PANEL,
        "--impostors",
        metavar="SOURCE",
    ),
]
_ImpostorsWhere = Annotated[
    list[str] | None,
    option("Read only impostors with this value. Repeatable.", _PANEL, metavar="COLUMN=VALUE"),
]
_ImpostorsLabels = Annotated[
    str | None, option("File with the labels of NPY impostors.", _PANEL, metavar="FILE")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutLabels:
    """What replaces labels."""

    unlabelled: _Unlabelled = False
    max_positive_share: _MaxPositiveShare = None
    impostors: _Impostors = None
    impostors_where: _ImpostorsWhere = None
    impostors_labels: _ImpostorsLabels = None

    def of(self, read: Rows) -> "Unlabelled | None":
        """What was asked for; ``None`` where labels are used.

        Parameters
        ----------
        read
            Columns and rows of the sources.
        """
        named = {name: value for name, value in asdict(self).items() if "impostors_" in name}
        if self.impostors is None:
            require_together("--impostors", **named)
        if not (self.unlabelled or self.impostors) and self.max_positive_share is None:
            return None
        from opiscli.analysis.calibrate_unlabelled import Unlabelled

        others = None
        if self.impostors is not None:
            where = tuple(self.impostors_where or ())
            others = read.of(
                self.impostors, where=where, labels_file=self.impostors_labels, side="impostors"
            )
        return Unlabelled.asked(
            unlabelled=self.unlabelled,
            max_positive_share=self.max_positive_share,
            impostors=others,
        )
