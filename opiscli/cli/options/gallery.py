"""Options that name a gallery to compare SOURCE with."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

from opiscli.cli.options import rows
from opiscli.cli.options.groups import option
from opiscli.settings.choice import require_together

if TYPE_CHECKING:
    from opiscli.analysis.inputs import Source

_Gallery = Annotated[
    str | None,
    option(
        "Compare SOURCE (queries) with this gallery instead of with itself.",
        "Input",
        metavar="SOURCE",
    ),
]
_GalleryWhere = Annotated[
    list[str] | None,
    option("Read only gallery rows with this value. Repeatable.", "Input", metavar="COLUMN=VALUE"),
]
_GalleryLabels = Annotated[
    str | None, option("File with the labels of an NPY gallery.", "Input", metavar="FILE")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """The gallery that queries are compared with."""

    gallery: _Gallery = None
    gallery_where: _GalleryWhere = None
    gallery_labels: _GalleryLabels = None

    def of(self, read: rows.Rows) -> "Source | None":
        """The gallery to compare SOURCE with; ``None`` compares it with itself."""
        if self.gallery is None:
            require_together("--gallery", **asdict(self))
            return None
        where = tuple(self.gallery_where or ())
        return read.of(self.gallery, where=where, labels_file=self.gallery_labels, side="gallery")
