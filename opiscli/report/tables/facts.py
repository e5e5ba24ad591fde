"""The size of a set in words, as every report shows it."""

from opiscli.results import Data
from opiscli.results.unlabelled import ItemData


def facts(data: Data | ItemData) -> list[str]:
    """Size of a set, in a few words each."""
    if isinstance(data, ItemData):
        return _item_facts(data)
    if data.n_pairs is not None:
        return _of_pairs(data, data.n_pairs)
    found = [f"{data.n_items:,} items × {data.dims:,} dims", f"{data.n_classes:,} classes"]
    if data.n_below_min > data.n_singletons:
        found.append(f"{data.n_below_min:,} with fewer than {data.min_items} items (not measured)")
    elif data.n_singletons:
        found.append(f"{data.n_singletons:,} with a single item")
    return [*found, *_duplicates(data)]


def _item_facts(data: ItemData) -> list[str]:
    size = f"{data.n_items:,} items × {data.dims:,} dims"
    classes = "no labels" if data.n_classes is None else f"{data.n_classes:,} classes"
    return [size, classes, *_duplicates(data)]


def _duplicates(data: Data | ItemData) -> list[str]:
    if not data.n_duplicates:
        return []
    return [f"{data.n_duplicates:,} duplicates{' (dropped)' if data.duplicates_dropped else ''}"]


def _of_pairs(data: Data, n_pairs: int) -> list[str]:
    found = [f"{n_pairs:,} pairs"]
    if data.n_items is not None:
        found.append(f"{data.n_items:,} items")
    if data.n_classes is not None:
        found.append(f"{data.n_classes:,} classes")
    return found
