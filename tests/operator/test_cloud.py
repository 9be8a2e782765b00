import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from fota_operator.cloud import Access, connect, explaining, is_passing
from fota_operator.errors import BadInput, CloudRefused, CloudUnreachable, NoCredentials, OperatorError
from fota_operator.jobs.progress import job_status
from fota_operator.local.aws import LocalAws

KEYS = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "example-secret", "region": "eu-west-1"}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of whoever runs the tests."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # One try is enough where nobody will answer.
    monkeypatch.setattr("fota_operator.cloud.MAX_ATTEMPTS", 1)


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


PAGE = b"<!doctype html>\n<html><title>503 Service Unavailable</title><h1>No server is here to answer you.</h1>"


class _Page(http.server.BaseHTTPRequestHandler):
    status = 503

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def front_end() -> Iterator[str]:
    """What stands in front of AWS, a load balancer or a proxy, and answers with a page of its own; its URL."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def refusal(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "why\nnot"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "CreateJob",
    )


def explained(error: Exception) -> OperatorError:
    with pytest.raises(OperatorError) as caught, explaining("make the job"):
        raise error
    return caught.value


def test_without_credentials_one_line_says_how_to_get_some() -> None:
    with pytest.raises(NoCredentials, match="aws configure") as caught:
        job_status(connect(Access(region="eu-west-1")), "fota-1")
    assert "\n" not in str(caught.value)


def test_without_a_region_one_line_says_where_to_set_it() -> None:
    with pytest.raises(BadInput, match="AWS_DEFAULT_REGION"):
        connect()


def test_a_profile_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(BadInput, match="nobody"):
        connect()


def test_a_dead_endpoint_is_named(closed_port: int) -> None:
    cloud = connect(Access(endpoint_url=f"https://localhost:{closed_port}", **KEYS))
    with pytest.raises(CloudUnreachable, match=f"no answer from https://localhost:{closed_port}"):
        job_status(cloud, "fota-1")


@pytest.mark.parametrize(
    "url", ["localhost:4566", "http://", "https://a b", "https://[::1", "https://localhost:99999"]
)
def test_an_endpoint_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="AWS_ENDPOINT_URL"):
        job_status(connect(Access(endpoint_url=url, **KEYS)), "fota-1")


@pytest.mark.e2e
@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_ca_bundle_that_is_none_is_named(local_aws: LocalAws, tmp_path: Path, content: bytes | None) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    url = local_aws.status().gateway_url
    with pytest.raises(OperatorError, match="AWS_CA_BUNDLE"):
        job_status(connect(Access(endpoint_url=url, ca_bundle=str(bundle), **KEYS)), "fota-1")


@pytest.mark.e2e
def test_a_server_that_is_not_trusted_is_named(local_aws: LocalAws) -> None:
    url = local_aws.status().gateway_url
    with pytest.raises(CloudUnreachable, match="not trusted") as caught:
        job_status(connect(Access(endpoint_url=url, **KEYS)), "fota-1")
    assert str(url) in str(caught.value)


@pytest.mark.parametrize("code", ["ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId"])
def test_bad_credentials_are_told_apart_from_a_refusal(code: str) -> None:
    assert isinstance(explained(refusal(code, 403)), NoCredentials)


@pytest.mark.parametrize(
    ("code", "status", "remedy"),
    [
        # On AWS IoT a limit is HTTP 410 and throttling 400: the status would mislead.
        ("LimitExceededException", 410, "wait"),
        ("ThrottlingException", 400, "wait"),
        ("AccessDeniedException", 403, "allow the action CreateJob"),
        ("UnauthorizedException", 401, "allow the action CreateJob"),
        ("ResourceNotFoundException", 404, ""),
    ],
)
def test_a_refusal_is_understood_by_its_code_not_its_status(code: str, status: int, remedy: str) -> None:
    error = explained(refusal(code, status))
    assert isinstance(error, CloudRefused)
    assert (error.code, remedy in error.remedy) == (code, True)


def test_an_error_is_one_line_whatever_aws_says() -> None:
    assert str(explained(refusal("InvalidRequestException"))) == (
        "could not make the job: InvalidRequestException: why not"
    )


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.parametrize(("status", "passes"), [(500, True), (502, True), (503, True), (504, True), (403, False)])
def test_a_page_in_the_place_of_an_answer_is_told_and_that_of_a_busy_server_passes(
    front_end: str, monkeypatch: pytest.MonkeyPatch, status: int, passes: bool
) -> None:
    monkeypatch.setattr(_Page, "status", status)
    cloud = connect(Access(endpoint_url=front_end, **KEYS))
    with pytest.raises(CloudRefused) as caught:
        job_status(cloud, "job-1")
    assert "<" not in str(caught.value)
    assert f"{status}: a page came in the place of an answer of AWS" in str(caught.value)
    assert is_passing(caught.value) == passes


def test_an_access_shows_no_secret() -> None:
    access = Access(session_token="example-token", **KEYS)
    assert not any(secret in repr(access) for secret in ("AKIAEXAMPLE", "example-secret", "example-token"))


@pytest.mark.e2e
def test_who_we_are_tells_account_and_partition(local_aws: LocalAws) -> None:
    cloud = local_aws.cloud()
    assert (cloud.account_id, cloud.partition, cloud.region) == ("000000000000", "aws", "us-east-1")


def test_what_is_no_answer_of_aws_is_an_error_of_one_line() -> None:
    with (
        pytest.raises(CloudRefused, match="could not look at it: what came is no answer of AWS") as error,
        explaining("look at it"),
    ):
        raise ResponseParserError("Unable to parse response:\nb'{}'")
    assert not is_passing(error.value)
