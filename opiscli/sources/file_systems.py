"""Which of pyarrow's file systems reads an address, set up as the environment says.

Credentials come from where the tools of each store keep them: the environment, their own files, or
the machine's role. Requests are bounded, so that a store that does not answer is an error and no
pause without end.
"""

import os
from collections.abc import Callable
from datetime import timedelta

from pyarrow import fs

from opiscli.errors import SourceError
from opiscli.sources.arrow_store import ArrowStore
from opiscli.sources.store_errors import store_explained

_CONNECT_SECONDS = 5
_SILENT_SECONDS = 20
_RETRY_SECONDS = 8
_ATTEMPTS = 3
_TRUE = ("1", "true", "yes")


def store_at(scheme: str, rest: str) -> tuple[ArrowStore, str]:
    """The store of an address, and the path in it.

    Parameters
    ----------
    rest
        What follows ``://``.

    Raises
    ------
    SourceError
        If the address names no bucket, or the store cannot be set up.
    """
    host, _, path = rest.partition("/")
    if scheme in _BUCKETS:
        if not host or {"@", ":"} & set(host):
            raise _not_an_address(scheme)
        with store_explained(f"{scheme}://{host}"):
            filesystem = _BUCKETS[scheme](host)
        return ArrowStore(filesystem, f"{host}/", f"{scheme}://{host}/"), path.strip("/")
    container, at, account = host.rpartition("@")
    if ":" in container or (scheme != "hdfs" and ":" in host):
        raise _not_an_address(scheme)
    if scheme in ("abfs", "abfss"):
        container = container if at else host
        with store_explained(f"{scheme}://{host}"):
            filesystem = _azure(account.partition(".")[0] if at else "")
        store = ArrowStore(filesystem, f"{container}/", f"{scheme}://{host}/")
        return store, path.strip("/")
    with store_explained(f"hdfs://{host}"):
        filesystem = _hadoop(host)
    return ArrowStore(filesystem, "/", f"hdfs://{host}/"), path.strip("/")


def s3_endpoint() -> str | None:
    """Where the environment says that S3 is, if it is another server than that of AWS."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None


def s3_region() -> str | None:
    """The region that the environment names."""
    named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return named or ("us-east-1" if s3_endpoint() else None)


def is_true(variable: str) -> bool:
    """Whether a variable of the environment says yes."""
    return os.environ.get(variable, "").lower() in _TRUE


def _s3(bucket: str) -> fs.FileSystem:
    return fs.S3FileSystem(
        region=s3_region() or _region_of(bucket),
        endpoint_override=s3_endpoint(),
        anonymous=is_true("AWS_SKIP_SIGNATURE"),
        connect_timeout=_CONNECT_SECONDS,
        request_timeout=_SILENT_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
    )


def _region_of(bucket: str) -> str | None:
    try:
        return str(fs.resolve_s3_region(bucket))
    except OSError as cause:
        if "NETWORK" in str(cause):
            raise
        return None  # as in the user's own configuration; a wrong one is explained later


def _google(bucket: str) -> fs.FileSystem:
    emulator = os.environ.get("STORAGE_EMULATOR_HOST", "")
    scheme, _, host = emulator.rpartition("://")
    return fs.GcsFileSystem(
        anonymous=bool(emulator) or is_true("GOOGLE_SKIP_SIGNATURE"),
        scheme=scheme or ("http" if emulator else "https"),
        endpoint_override=host.rstrip("/") or None,
        retry_time_limit=timedelta(seconds=_RETRY_SECONDS),
    )


def _azure(account: str) -> fs.FileSystem:
    if not hasattr(fs, "AzureFileSystem"):
        raise _unsupported("Azure")
    named = account or os.environ.get("AZURE_STORAGE_ACCOUNT_NAME")
    if not named:
        raise SourceError(
            "the address names no storage account",
            hint="Write abfs://container@account.dfs.core.windows.net/path, or set"
            " AZURE_STORAGE_ACCOUNT_NAME.",
        )
    endpoint = os.environ.get("AZURE_STORAGE_ENDPOINT", "")
    scheme, _, authority = endpoint.rstrip("/").rpartition("://")
    key = os.environ.get("AZURE_STORAGE_ACCOUNT_KEY") or os.environ.get("AZURE_STORAGE_KEY")
    token = os.environ.get("AZURE_STORAGE_SAS_TOKEN")
    others = {
        "account_key": key,
        "sas_token": token,
        "blob_storage_authority": authority,
        "dfs_storage_authority": authority,
        "blob_storage_scheme": scheme,
        "dfs_storage_scheme": scheme,
    }
    return fs.AzureFileSystem(named, **{name: value for name, value in others.items() if value})


def _hadoop(host: str) -> fs.FileSystem:
    name, _, port = host.rpartition("@")[2].partition(":")
    return fs.HadoopFileSystem(name or "default", int(port or 0))


def _not_an_address(scheme: str) -> SourceError:
    return SourceError(
        f"the address of a source names no bucket; expected {scheme}://bucket/path without a user"
        " or password",
        hint="Credentials are taken from the environment or from the files of the store's own"
        " tools.",
    )


def _unsupported(what: str) -> SourceError:
    return SourceError(
        f"this pyarrow was built without support for {what}",
        hint="Install pyarrow from PyPI: pip install -U pyarrow.",
    )


_BUCKETS: dict[str, Callable[[str], fs.FileSystem]] = {
    "s3": _s3,
    "s3a": _s3,
    "gs": _google,
    "gcs": _google,
}
