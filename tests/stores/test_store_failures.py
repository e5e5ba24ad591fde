"""What stores refuse is explained in two lines, soon, and without secrets."""

import io

import numpy as np
import pytest
from object_store import CREDENTIALS, Server, as_parquet, wide
from stored_items import table

SECRETS = (*CREDENTIALS.values(), "t0ken-of-session")


@pytest.fixture
def evaluated(opis):
    """Evaluate a source that cannot be read, and return its error."""

    def run(source, *options):
        code, out, err = opis("evaluate", source, *options)
        assert (code, out) == (3, ""), err
        assert [line.partition(": ")[0] for line in err.splitlines()] == ["error", "hint"]
        assert not [secret for secret in SECRETS if secret in err]
        return err

    return run


@pytest.fixture
def with_users(bucket, monkeypatch):
    """The server asks for credentials that it gave out."""
    import boto3
    import moto.settings
    from moto.core.responses import ActionAuthenticatorMixin

    iam = boto3.client("iam", endpoint_url=bucket.server.url, region_name="us-east-1")
    name = f"u{bucket.name}"
    iam.create_user(UserName=name)
    everything = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    )
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=everything)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    monkeypatch.setattr(ActionAuthenticatorMixin, "request_count", 0)
    monkeypatch.setattr(moto.settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)
    return {
        "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
    }


@pytest.mark.parametrize("source", ["e", "f", "f/*"])
def test_wrong_credentials(bucket, with_users, evaluated, opis, monkeypatch, source):
    err = evaluated(f"{bucket.url}/{source}")
    assert "the credentials are not valid" in err
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", with_users["AWS_ACCESS_KEY_ID"])
    assert "the credentials are not valid" in evaluated(f"{bucket.url}/{source}")


def test_right_credentials(bucket, with_users, opis, monkeypatch):
    for name, value in with_users.items():
        monkeypatch.setenv(name, value)
    code, _, err = opis("evaluate", f"{bucket.url}/e")
    assert code == 3
    assert "no such file or folder" in err


@pytest.mark.parametrize("source", ["e", "f/", "f/*.parquet"])
def test_what_is_not_there(bucket, evaluated, source):
    bucket.put("other", table())
    assert f"no such file or folder: {bucket.url}/{source.rstrip('/')}" in evaluated(
        f"{bucket.url}/{source}"
    )


def test_no_such_bucket(bucket, evaluated):
    assert "no such file or folder" in evaluated("s3://no-such-bucket-here/e")
    assert "no such file or folder" in evaluated("s3://no-such-bucket-here/")


@pytest.mark.parametrize("source", ["s3://", "s3:///e", "s3://key:not/so+secret@bucket/e"])
def test_addresses_without_a_bucket_or_with_a_password(bucket, evaluated, source):
    assert "names no bucket" in evaluated(source)


def test_a_refused_connection(bucket, evaluated, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert "cannot be reached" in evaluated("s3://bucket/e")


XML = "<?xml version='1.0'?><Error><Code>{0}</Code><Message>{0}</Message></Error>"


@pytest.fixture
def answering(bucket, monkeypatch):
    """Puts a server in the place of S3 that answers what a function says."""
    started = []

    def start(answer):
        from werkzeug.wrappers import Request

        def app(environ, start_response):
            request = Request(environ)
            return answer(request)(environ, start_response)

        started.append(Server(app))
        monkeypatch.setenv("AWS_ENDPOINT_URL", started[-1].url)

    yield start
    for server in started:
        server.stop()


@pytest.mark.parametrize(
    ("code", "status", "says"),
    [
        ("ExpiredToken", 400, "the credentials have expired"),
        ("InvalidAccessKeyId", 403, "the credentials are not valid"),
        ("AccessDenied", 403, "access is denied"),
        ("NoSuchBucket", 404, "no such"),
        ("PermanentRedirect", 301, "in another region"),
    ],
)
@pytest.mark.parametrize("source", ["e.parquet", "f/*"])
def test_what_the_store_says(answering, evaluated, monkeypatch, code, status, says, source):
    from werkzeug.wrappers import Response

    monkeypatch.setenv("AWS_SESSION_TOKEN", SECRETS[-1])
    answering(lambda request: Response(XML.format(code), status=status, mimetype="text/xml"))
    assert says in evaluated(f"s3://bucket/{source}")


def in_parts(contents, then):
    """An answer that gives parts of a file; ``then`` may change one that comes after the first."""

    def answer(request):
        from werkzeug.wrappers import Response

        whole = Response(contents)
        whole.set_etag("1")
        whole.make_conditional(request, accept_ranges=True, complete_length=len(contents))
        is_later = 60_000 < len(whole.get_data()) < len(contents) and request.method == "GET"
        return then(whole) if is_later else whole

    return answer


def cut_short(answer):
    data = answer.get_data()
    answer.response = iter([data[:1000]])
    answer.headers["Content-Length"] = str(len(data))
    return answer


def expired(answer):
    from werkzeug.wrappers import Response

    return Response(XML.format("ExpiredToken"), status=400, mimetype="text/xml")


def npy(rows):
    held = io.BytesIO()
    np.save(held, rows)
    return held.getvalue()


MIDWAY = {
    "e.parquet": as_parquet(wide(), row_group_size=2000, use_dictionary=False),
    "e.npy": npy(np.ones((6000, 16), np.float32)),
}


@pytest.mark.parametrize("name", MIDWAY)
@pytest.mark.parametrize(
    ("then", "says"),
    [(cut_short, "connection was lost"), (expired, "the credentials have expired")],
)
def test_what_happens_while_a_file_is_read(
    answering, evaluated, monkeypatch, tmp_path, name, then, says
):
    np.save(tmp_path / "y.npy", np.arange(6000) % 50)
    monkeypatch.setenv("AWS_SESSION_TOKEN", SECRETS[-1])
    labels = ("--labels", tmp_path / "y.npy") if name == "e.npy" else ()
    answering(in_parts(MIDWAY[name], then))
    assert says in evaluated(f"s3://bucket/{name}", *labels)


@pytest.mark.parametrize(
    ("source", "variables"),
    [
        ("gs://bucket/e.parquet", {"STORAGE_EMULATOR_HOST": "http://127.0.0.1:1"}),
        (
            "abfs://box/e.parquet",
            {
                "AZURE_STORAGE_ENDPOINT": "http://127.0.0.1:1",
                "AZURE_STORAGE_ACCOUNT_NAME": "account",
                "AZURE_STORAGE_ACCOUNT_KEY": "bm90L3NvK3NlY3JldA==",
            },
        ),
    ],
)
def test_other_stores_that_cannot_be_reached(
    no_configuration, evaluated, monkeypatch, source, variables
):
    monkeypatch.setattr("opiscli.sources.file_systems._RETRY_SECONDS", 1)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert "cannot be reached" in evaluated(source)


def test_azure_needs_an_account(no_configuration, evaluated):
    assert "names no storage account" in evaluated("abfs://box/e.parquet")


def test_hadoop_needs_its_libraries(no_configuration, evaluated, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    assert "Hadoop" in evaluated("hdfs://127.0.0.1:1/e.parquet")
