"""Suggested commands after a first evaluation."""

_STEPS = (
    ("inspect", "", "the worst classes and pairs, possible label errors"),
    ("calibrate", " --far 1e-3", "another target, with confidence intervals"),
    ("plot-curves", "", "the score of every class, as a picture"),
    ("evaluate", " --full", "all operating points, the lowest class scores"),
)


def next_steps(source: str) -> list[str]:
    """Commands to run next, one per line, each with what it shows.

    Parameters
    ----------
    source
        The source and the options that read it, as they are typed.

    Examples
    --------
    >>> next_steps("e.parquet")[1:3]
    ['  opis inspect e.parquet', '    the worst classes and pairs, possible label errors']
    """
    lines = ["next:"]
    for command, options, shows in _STEPS:
        lines += [f"  opis {command} {source}{options}", f"    {shows}"]
    return lines
