"""Options that say on which classes a head is chosen, and by what."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from opiscli.cli.options.groups import option
from opiscli.cli.options.parsing import parse_range, parse_rate
from opiscli.errors import UsageError

_CHOICE = "Choice of the head"

_Choose = Annotated[
    str | None,
    option(
        "How the head is chosen. cross-validation: judge each part of the training classes through"
        " a head trained on the others, then train on all; validation: keep the best checkpoint on"
        " held-out classes. Default: validation with --val, --val-fraction or --tune, else"
        " cross-validation.",
        _CHOICE,
    ),
]
_Careful = Annotated[
    bool,
    option(
        "Choose a full head only with 160 training classes or more, and else one half-way to the"
        " original embeddings.",
        _CHOICE,
        "--careful",
    ),
]
_AtFar = Annotated[
    float | None,
    option(
        "False-accept rate at which cross-validation lets no TAR fall. Default: 1e-3.",
        _CHOICE,
        metavar="RATE",
        parser=parse_rate,
    ),
]
_TestFraction = Annotated[
    float | None,
    option(
        "Share of classes set aside for a test: nothing is trained or chosen on them, and the"
        " reported numbers are theirs. Default: 0.",
        _CHOICE,
    ),
]
_Normalize = Annotated[
    bool,
    option(
        "Let the head have offsets by a cohort of training items, which opis project applies, if"
        " it is better with them.",
        _CHOICE,
        "--normalize",
    ),
]
_Val = Annotated[
    str | None,
    option("Validation SOURCE with other classes; the best checkpoint on it is kept.", _CHOICE),
]
_ValFraction = Annotated[
    float | None,
    option("Share of classes held out for validation. Default: 0.2, if there are any.", _CHOICE),
]
_Objective = Annotated[
    str | None,
    option(
        "How the head is selected. opis: lowest OPIS without losing R@1; recall: highest R@1"
        " without raising OPIS; both: must improve both. Default: opis.",
        _CHOICE,
    ),
]
_Far = Annotated[
    str | None,
    option(
        "Calibration range by pooled false-accept rate. Default: 1e-2:1e-1.",
        _CHOICE,
        "--far-range",
        metavar="LO:HI",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceOptions:
    """On which classes a head is chosen, and by which numbers."""

    choose: _Choose = None
    careful: _Careful = False
    at_far: _AtFar = None
    val: _Val = None
    val_fraction: _ValFraction = None
    test_fraction: _TestFraction = None
    normalize: _Normalize = False
    objective: _Objective = None
    far: _Far = None

    def __post_init__(self) -> None:
        if self.val is not None and self.val_fraction is not None:
            raise UsageError(
                "use either --val or --val-fraction, not both", hint="Leave --val-fraction out."
            )

    @property
    def options(self) -> dict[str, Any]:
        """Parameters of `Head`."""
        options = asdict(self)
        del options["val"]
        return {**options, "far": parse_range("--far-range", self.far)}
