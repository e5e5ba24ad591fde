"""The connected components of the accepted pairs, compared with the classes."""

from dataclasses import dataclass

from opiscli.results.item import Item


@dataclass(frozen=True, slots=True)
class ClassPart:
    """The items of a class that are in one component; ``n_of_class`` are all of its items."""

    label: str
    n_items: int
    n_of_class: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OverMerged:
    """A component that holds items of several classes.

    Parameters
    ----------
    largest_parts
        The classes with most items in it.
    examples
        An item of each of those.
    """

    n_items: int
    n_classes: int
    largest_parts: tuple[ClassPart, ...]
    examples: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitClass:
    """A class whose items are in several components.

    Parameters
    ----------
    n_largest_part
        How many of its items are in the same component, at most.
    examples
        An item of its largest part and one of the next.
    """

    label: str
    n_items: int
    n_components: int
    n_largest_part: int
    examples: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainingPoint:
    """The largest component at a threshold, and rates if all items of a component are joined.

    Parameters
    ----------
    name
        What the threshold is: ``inspected``; ``far=…``, the largest for that pairwise FAR;
        ``joined-far``, the largest at which ``joined_far`` is at most the pairwise FAR at the
        inspected one; ``take-off``; or the smallest at which the largest component has more items
        than the largest class (``exceeds-largest-class``) or a share of all (``share=…``).
    far
        Pairwise; where no pairs were counted at this threshold, at the next larger one.
    n_items, share, n_classes
        Of the component of most items: its items, their share of all, and their classes.
    joined_far, joined_tar
        Shares of all different-class and of all same-class pairs that are inside a component.
    """

    name: str
    threshold: float
    similarity: float
    far: float
    n_items: int
    share: float
    n_classes: int
    joined_far: float
    joined_tar: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOffPoint:
    """The threshold at which most items join the largest component.

    It has ``n_before`` items below this threshold, and ``n_after`` at it.
    """

    threshold: float
    similarity: float
    n_before: int
    n_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedRates:
    """Rates of the pairs of two items of one component, accepted themselves or not.

    Parameters
    ----------
    n_pairs
        How many there are.
    precision
        Share of same-class pairs among them; ``None`` if there are none.
    tar, far
        Shares of all same-class and of all different-class pairs that are among them.
    """

    n_pairs: int
    precision: float | None
    tar: float
    far: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """The connected components of the accepted pairs at a threshold.

    Parameters
    ----------
    n_components, n_alone
        All components, and those of a single item.
    largest
        The component of most items; of several, the one of most classes.
    n_over_merged, over_merged_share
        Components with items of several classes, and the share of all items that are in them.
    n_split
        Classes whose items are in several components.
    n_intact
        Classes that are a component: all of the class, and nothing else.
    joined
        Rates if all items of a component are taken to be of one class.
    over_merged, split
        Those of most items, and those of most components.
    take_off
        Where the largest component grows most.
    by_threshold
        The largest component at several thresholds, the smallest threshold first.
    """

    n_components: int
    n_alone: int
    largest: ChainingPoint
    n_over_merged: int
    over_merged_share: float
    n_split: int
    n_intact: int
    joined: JoinedRates
    over_merged: tuple[OverMerged, ...]
    split: tuple[SplitClass, ...]
    take_off: TakeOffPoint
    by_threshold: tuple[ChainingPoint, ...]
