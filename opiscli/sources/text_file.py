"""A file of text, packed or not, opened for pyarrow or for Python."""

import gzip
import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from opiscli.sources.kinds import is_gzip


@dataclass(frozen=True)
class TextFile:
    """A file, or its contents; both may be packed by gzip."""

    file: Path | bytes

    def open_bytes(self) -> BinaryIO:
        """Open it unpacked."""
        raw: BinaryIO
        raw = io.BytesIO(self.file) if isinstance(self.file, bytes) else self.file.open("rb")
        if not is_gzip(raw.read(2)):
            raw.seek(0)
            return raw
        raw.close()
        packed = io.BytesIO(self.file) if isinstance(self.file, bytes) else self.file
        return cast(BinaryIO, gzip.open(packed))

    def open_text(self) -> io.TextIOWrapper:
        """Open it as UTF-8; line ends stay as they are."""
        return io.TextIOWrapper(self.open_bytes(), encoding="utf-8-sig", newline="")
