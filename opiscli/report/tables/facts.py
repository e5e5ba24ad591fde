"""The size of a set in words, as every report shows it."""

from opiscli.results import Data


def facts(data: Data) -> list[str]:
    """Size of a set, in a few words each."""
    if data.n_pairs is not None:
        return _of_pairs(data, data.n_pairs)
    found = [f"{data.n_items:,} items × {data.dims:,} dims", f"{data.n_classes:,} classes"]
    if data.n_below_min > data.n_singletons:
        found.append(f"{data.n_below_min:,} with fewer than {data.min_items} items (not measured)")
    elif data.n_singletons:
        found.append(f"{data.n_singletons:,} with a single item")
    if data.n_duplicates:
        kept = " (dropped)" if data.duplicates_dropped else ""
        found.append(f"{data.n_duplicates:,} duplicates{kept}")
    return found


def _of_pairs(data: Data, n_pairs: int) -> list[str]:
    found = [f"{n_pairs:,} pairs"]
    if data.n_items is not None:
        found.append(f"{data.n_items:,} items")
    if data.n_classes is not None:
        found.append(f"{data.n_classes:,} classes")
    return found
