"""How the libraries of lake tables reach a store: the same endpoint and bounds as for files."""

from opiscli.sources.file_systems import is_true, s3_endpoint, s3_region
from opiscli.sources.lakes import Lake

_CONNECT_SECONDS = 5
_SECONDS = 20
_RETRIES = 2

_BOUNDS = {
    Lake.DELTA: {
        "connect_timeout": f"{_CONNECT_SECONDS}s",
        "timeout": f"{_SECONDS}s",
        "max_retries": str(_RETRIES),
        "retry_timeout": f"{_SECONDS}s",
    },
    Lake.LANCE: {
        "connect_timeout": f"{_CONNECT_SECONDS}s",
        "timeout": f"{_SECONDS}s",
        "client_max_retries": str(_RETRIES),
        "client_retry_timeout": str(_SECONDS),
    },
    Lake.ICEBERG: {
        "s3.connect-timeout": str(_CONNECT_SECONDS),
        "s3.request-timeout": str(_SECONDS),
    },
}


def options_for(lake: Lake, address: str) -> dict[str, str]:
    """Options of the library that reads a format; credentials it finds by itself."""
    options = dict(_BOUNDS.get(lake, {}))
    if not address.startswith(("s3://", "s3a://")):
        return options
    endpoint, region = s3_endpoint(), s3_region()
    is_iceberg = lake is Lake.ICEBERG
    if endpoint:
        options["s3.endpoint" if is_iceberg else "aws_endpoint"] = endpoint
        if not is_iceberg:
            options["allow_http"] = str(endpoint.startswith("http://")).lower()
    if region:
        options["s3.region" if is_iceberg else "aws_region"] = region
    if is_true("AWS_SKIP_SIGNATURE"):
        options["s3.anonymous" if is_iceberg else "aws_skip_signature"] = "true"
    return options
