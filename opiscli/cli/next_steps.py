"""Suggested commands after a first evaluation."""

_STEPS = (
    ("inspect", "", "the worst classes and pairs, possible label errors"),
    ("calibrate", " --far 1e-3", "another target, with confidence intervals"),
    ("plot-curves", "", "the score of every class, as a picture"),
    ("evaluate", " --full", "all operating points, the lowest class scores"),
)


_OF_PAIRS = (
    ("calibrate", " --far 1e-3", "another target, with confidence intervals"),
    ("plot-det", "", "the trade-off between FAR and FRR, as a picture"),
    ("plot-distances", "", "the scores of same-class and different-class pairs"),
    ("evaluate", " --full", "all operating points"),
)


def next_steps(source: str, *, of_pairs: bool = False) -> list[str]:
    """Commands to run next, one per line, each with what it shows.

    Parameters
    ----------
    source
        The source and the options that read it, as they are typed.
    of_pairs
        Whether its rows are pairs.

    Examples
    --------
    >>> next_steps("e.parquet")[1:3]
    ['  opis inspect e.parquet', '    the worst classes and pairs, possible label errors']
    """
    lines = ["next:"]
    for command, options, shows in _OF_PAIRS if of_pairs else _STEPS:
        lines += [f"  opis {command} {source}{options}", f"    {shows}"]
    return lines
