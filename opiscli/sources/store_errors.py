"""Explains what object stores answer, without anything that could be secret."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from opiscli.errors import SourceError

_CREDENTIALS = (
    "Check the credentials in the environment or in the files of the store's own tools, and that"
    " they allow reading."
)
_NETWORK = "Check the network, the address and the endpoint in the environment, then try again."

_REASONS: tuple[tuple[str, str, str], ...] = (
    (r"EXPIRED_?TOKEN|TokenRefreshRequired|token.{0,20}expired|REQUEST_EXPIRED",
     "the credentials have expired", "Log in again, or get new credentials, then try again."),
    (r"INVALID_ACCESS_KEY_ID|SIGNATURE_DOES_NOT_MATCH|INVALID_CLIENT_TOKEN|UNRECOGNIZED_CLIENT"
     r"|InvalidToken|AuthenticationFailed|UNAUTHENTICATED|Unauthenticated|status(?: code)?:? 401",
     "the credentials are not valid", _CREDENTIALS),
    (r"could not find.{0,40}credential|default credentials|CredentialUnavailable"
     r"|DefaultAzureCredential|MISSING_AUTHENTICATION_TOKEN|metadata\.google|oauth2"
     r"|AuthenticationException",
     "no credentials were found", _CREDENTIALS),
    (r"NO_SUCH_BUCKET|bucket does not exist|ContainerNotFound", "there is no such bucket",
     "Check the name of the bucket, and the endpoint in the environment."),
    (r"ACCESS_DENIED|PERMISSION_DENIED|AuthorizationFailure|AuthorizationPermissionMismatch"
     r"|Forbidden|status(?: code)?:? 403", "access is denied", _CREDENTIALS),
    (r"libjvm|libhdfs|JAVA_HOME|HADOOP_HOME", "Hadoop's libraries were not found",
     "Install Java and Hadoop, and set JAVA_HOME, HADOOP_HOME and CLASSPATH as pyarrow's"
     " documentation of HadoopFileSystem says."),
    (r"timed? ?out|TIMEOUT|curlCode: 28|Deadline", "the store did not answer in time", _NETWORK),
    (r"NETWORK_CONNECTION|curlCode|could not connect|failed to connect|refused|could not resolve"
     r"|resolve host|unavailable|Fail to get a new connection|TransportException",
     "the store cannot be reached, or the connection was lost", _NETWORK),
    (r"SLOW_DOWN|THROTTLING|SERVICE_UNAVAILABLE|status(?: code)?:? 503",
     "the store is too busy", "Try again later."),
    (r"PRECONDITION|INVALID_RANGE|status(?: code)?:? 4(12|16)", "it was changed while it was read",
     "Run the command again when nothing writes it."),
    (r"NO_SUCH_KEY|RESOURCE_NOT_FOUND|does not exist|NOT_FOUND|status(?: code)?:? 404",
     "there is no such file", "Check the address for typing errors."),
    (r"PERMANENT_?REDIRECT|MOVED_PERMANENTLY|status(?: code)?:? 30[17]|AUTHORIZATION_HEADER",
     "the bucket is in another region", "Set AWS_REGION to the region of the bucket."),
    (r"", "the store reports an error",
     "Try again; if it stays, check the address and the credentials."),
)  # fmt: skip


_OF_A_STORE = re.compile(r"AWS Error|curlCode|google|gcs|azure|hdfs|libjvm", re.IGNORECASE)


def store_problem(source: str, reason: str) -> SourceError | None:
    """What a message of a store means; ``None`` if it is not that of a store."""
    if not _OF_A_STORE.search(reason):
        return None
    for pattern, what, hint in _REASONS:
        if re.search(pattern, reason, re.IGNORECASE):
            return SourceError(f"{source} cannot be read: {what}", hint=hint)
    return None


@contextmanager
def store_explained(source: str) -> Iterator[None]:
    """Explain errors of a store.

    Nothing but calls of the store belongs inside.
    """
    try:
        yield
    except FileNotFoundError:
        raise SourceError(
            f"no such file or folder: {source}", hint="Check the address for typing errors."
        ) from None
    except (OSError, pa.ArrowException) as cause:
        reason = str(cause)
    else:
        return
    raise store_problem(source, reason) or SourceError(
        f"{source} cannot be read: the store does not accept the address",
        hint="Check the address, such as s3://bucket/folder/file.parquet.",
    )
