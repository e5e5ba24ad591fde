"""Data sets on the Hugging Face Hub: ``hf://datasets/OWNER/NAME[@REVISION][/PATH]``.

A data set without a path is read from the Parquet files into which the Hub converts it, by split.
The interface of the Hub is described at https://huggingface.co/docs/hub/api.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from opiscli.errors import SourceError
from opiscli.sources.http_file import open_http
from opiscli.sources.http_requests import Refusal, ask
from opiscli.sources.joined import Joined, Part
from opiscli.sources.remote import open_part, table_at
from opiscli.sources.selection import Selection
from opiscli.sources.stored import Stored
from opiscli.sources.table import Table

_ADDRESS = re.compile(r"datasets/([^/@]+/[^/@]+)(?:@([^/]+))?(?:/(.*))?")
_HUB = "https://huggingface.co"
_CONVERTED, _CONVERTED_BRANCH = "~parquet", "refs/convert/parquet"
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')
_LARGEST_LIST = 1 << 26
_LONGEST_TOKEN = 1 << 12
_MISSING = 404


@dataclass(frozen=True)
class HubStore:
    """The files of a data set at a revision.

    Parameters
    ----------
    headers
        Hold the user's token, if there is one.
    """

    repository: str
    revision: str
    hub: str
    headers: Mapping[str, str] = field(repr=False)

    def name_of(self, path: str) -> str:
        """The address of a path."""
        revision = "" if self.revision == "main" else f"@{self.revision}"
        return f"hf://datasets/{self.repository}{revision}/{path}".rstrip("/")

    def is_file(self, path: str) -> bool:
        """Whether there is a file at a path."""
        try:
            with ask(self._url(path), self.name_of(path), {**self.headers, "Range": "bytes=0-0"}):
                return True
        except Refusal as refused:
            if refused.status == _MISSING:
                return False
            raise

    def folders_among(self, paths: Sequence[str]) -> list[str]:
        """None: tables of other formats are not looked for above a folder."""
        return []

    def paths_below(self, folder: str) -> list[str] | None:
        """All files below a folder, as they are named there, sorted; ``None`` without a folder."""
        start = f"{folder}/" if folder else ""
        try:
            files = [one["path"] for one in self._listed(folder) if one["type"] == "file"]
        except Refusal as refused:
            if refused.status == _MISSING:
                return None
            raise
        except (ValueError, KeyError, TypeError) as cause:
            raise SourceError(
                f"the list of files of {self.name_of(folder)} is not what the Hub sends",
                hint="Check HF_ENDPOINT, or try again later.",
            ) from cause
        return sorted(str(path).removeprefix(start) for path in files) or None

    def open(self, path: str) -> Stored:
        """Open a file."""
        return open_http(self._url(path), self.name_of(path), self.headers)

    def _url(self, path: str) -> str:
        revision = quote(_branch(self.revision), safe="")
        return f"{self.hub}/datasets/{self.repository}/resolve/{revision}/{quote(path)}"

    def _listed(self, folder: str) -> Iterator[dict[str, str]]:
        revision = quote(_branch(self.revision), safe="")
        path = f"/{quote(folder)}" if folder else ""
        url = f"{self.hub}/api/datasets/{self.repository}/tree/{revision}{path}?recursive=true"
        while url:
            with ask(url, self.name_of(folder), self.headers) as answer:
                page = json.loads(answer.read(_LARGEST_LIST))
                following = _NEXT.search(answer.header("Link"))
            yield from page
            url = following[1] if following else ""
            if url and not url.startswith(f"{self.hub}/"):
                raise ValueError(url)  # the token is for the Hub only


def open_on_hub(address: str, selection: Selection) -> Table:
    """Open a data set, a folder of it or a file.

    Raises
    ------
    SourceError
        If there is no such data set, or it cannot be read.
    """
    found = _ADDRESS.fullmatch(address.partition("://")[2].rstrip("/"))
    if found is None:
        raise SourceError(
            f"{address} is not the address of a data set on the Hugging Face Hub",
            hint="Write hf://datasets/OWNER/NAME, or hf://datasets/OWNER/NAME@REVISION/PATH.",
        )
    repository, revision, path = found[1], found[2], found[3]
    hub, headers = os.environ.get("HF_ENDPOINT", _HUB).rstrip("/"), _headers()
    if not revision and not path:
        converted = HubStore(repository, _CONVERTED, hub, headers)
        if (files := converted.paths_below("")) is not None:
            return _by_split(converted, files, address, selection.memory_limit)
    store = HubStore(repository, revision or "main", hub, headers)
    return table_at(store, path or "", selection)


def _by_split(
    store: HubStore, files: Sequence[str], address: str, memory_limit: int | None
) -> Table:
    """Files that are called ``CONFIGURATION/SPLIT/NUMBER.parquet``, with a column ``split``."""
    named = [(path, *path.split("/")[:2]) for path in files if path.count("/") == 2]
    configurations = sorted({configuration for _, configuration, _ in named})
    if len(configurations) != 1:
        start = store.name_of("")
        raise SourceError(
            f"{address} has {len(configurations)} configurations, expected one:"
            f" {', '.join(configurations[:10])}",
            hint=f"Name the folder of one, such as {start}/{(configurations or ['default'])[0]}.",
        )
    if any(split.startswith("partial-") for _, _, split in named):
        raise SourceError(
            f"{address} is too large for the Hub to convert all of it to Parquet",
            hint=f"Name its own files, such as {address}/data/*.parquet.",
        )

    def part(path: str, split: str) -> Part:
        table = open_part(store.open(path), store.name_of(path), memory_limit)
        keys = {} if "split" in table.schema.names else {"split": split}
        return Part(table, keys, f"split {split}")

    return Joined(tuple(part(path, split) for path, _, split in named), address)


def _branch(revision: str) -> str:
    return _CONVERTED_BRANCH if revision == _CONVERTED else revision


def _headers() -> dict[str, str]:
    token = os.environ.get("HF_TOKEN", "").strip() or _stored_token()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _stored_token() -> str:
    """The token that ``hf auth login`` stored."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "huggingface")
    home = os.environ.get("HF_HOME", str(cache))
    path = Path(os.environ.get("HF_TOKEN_PATH", str(Path(home, "token")))).expanduser()
    try:
        with path.open(encoding="ascii") as file:
            return file.read(_LONGEST_TOKEN).strip()
    except (OSError, UnicodeDecodeError):
        return ""
