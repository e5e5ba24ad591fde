"""Reads a source again in another process, which finds it by the same path or address."""

import os
import warnings
from dataclasses import dataclass, field, replace

from opiscli.arrays import Float32Array
from opiscli.errors import UsageError
from opiscli.sources import Selection, read_embeddings
from opiscli.sources.addresses import READERS
from opiscli.sources.credentials import without_credentials
from opiscli.sources.scheme import scheme_of


@dataclass(frozen=True, slots=True)
class SourceReader:
    """A source and what to take from it.

    Parameters
    ----------
    source
        A path from the root of the file system, or an address, which may hold a password.
    """

    source: str = field(repr=False)
    selection: Selection

    @classmethod
    def of(cls, source: str, selection: Selection) -> "SourceReader":
        """The reader of a source that has been read here.

        Raises
        ------
        UsageError
            If it cannot be read twice with the same rows in the same order.
        """
        scheme = scheme_of(source)
        if source == "-" or (scheme in READERS and READERS[scheme].is_database):
            what = "standard input" if source == "-" else without_credentials(source)
            raise UsageError(
                f"--workers-read was given, but workers cannot read {what} a second time with the"
                " rows in the same order",
                hint="Leave --workers-read out, or save the embeddings as a Parquet file that all"
                " workers can read.",
            )
        labels = selection.labels_file
        return cls(
            _from_root(source),
            replace(
                selection,
                labels_file=None if labels is None else _from_root(str(labels)),
                id=None,
                find_id=False,
                group=None,
                show=(),
                beside=None,
            ),
        )

    @property
    def name(self) -> str:
        """Names the source without secrets."""
        return without_credentials(self.source)

    def read(self) -> Float32Array:
        """The vectors, in the order in which `read_embeddings` gives them."""
        with warnings.catch_warnings():  # they were said where the source was read first
            warnings.simplefilter("ignore")
            return read_embeddings(self.source, self.selection).vectors


def _from_root(place: str) -> str:
    """A path that means the same in any folder; an address as it is."""
    return os.path.abspath(place) if scheme_of(place) is None else place
