"""Who reaches the local AWS: by default this machine alone, with `host` devices of the network, and nobody else."""

import contextlib
import re
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from fota_operator.errors import BadInput
from fota_operator.images.image import build_image
from fota_operator.jobs.start import StartRequest, start_job
from fota_operator.local.aws import LocalAws
from fota_operator.things.folder import read_conf
from fota_operator.things.things import add_things

pytestmark = pytest.mark.e2e

BENCH = "127.0.0.2"
"""Another address of this machine, in the place of that of a network."""


@pytest.fixture(scope="module")
def bench_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    local = LocalAws(tmp_path_factory.mktemp("bench-aws"))
    local.up(host=BENCH)
    yield local
    local.down()


def ports(local: LocalAws) -> tuple[int, int]:
    """That of the gateway, and that of devices."""
    status = local.status()
    return tuple(int(str(one).rsplit(":", 1)[1]) for one in (status.gateway_url, status.device_endpoint))  # type: ignore[return-value]


def listening(local: LocalAws) -> set[str]:
    """The addresses on which its process listens, as the kernel tells them."""
    hexadecimal = {f"{port:04X}" for port in ports(local)}
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        address, _, port = line.split()[1].partition(":")
        if line.split()[3] == "0A" and port in hexadecimal:
            found.add(socket.inet_ntoa(bytes.fromhex(address)[::-1]))
    return found


def answer_of(url: str, local: LocalAws, headers: dict[str, str] | None = None, method: str = "GET") -> int:
    context = ssl.create_default_context(cafile=str(local.ca_bundle))
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    request = urllib.request.Request(url, headers=headers or {}, method=method)
    try:
        with opener.open(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_by_default_only_this_machine_reaches_it(local_aws: LocalAws) -> None:
    assert listening(local_aws) == {"127.0.0.1"}


def test_with_a_host_it_listens_there_too_and_nowhere_else(bench_aws: LocalAws) -> None:
    assert listening(bench_aws) == {"127.0.0.1", BENCH}


@pytest.mark.parametrize("where", ["127.0.0.1", BENCH])
def test_a_client_without_a_certificate_is_refused(bench_aws: LocalAws, where: str) -> None:
    context = ssl.create_default_context(cafile=str(bench_aws.ca_bundle))
    with (
        socket.create_connection((where, ports(bench_aws)[1]), 10) as plain,
        context.wrap_socket(plain, server_hostname=where) as client,
    ):
        client.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04anna")
        answer = b""
        with contextlib.suppress(OSError):
            answer = client.recv(4)
        assert answer == b"", "it answered a client that shows no certificate"


THING_PROGRAM = """
import json, sys, time
from pathlib import Path
from aws.iot import fota as awsfota, iot, jobs
folder = Path(sys.argv[1])
conf = json.loads((folder / "thing.conf.json").read_text())
print("endpoint", conf["endpoint"], flush=True)
thing = iot.Thing(conf["endpoint"], conf["mqttid"], folder / "certificate.pem.crt", folder / "private.pem.key",
                  cacert=folder / conf["cacert"])
thing.mqtt.connect()
job = jobs.Jobs(thing).list()[1][0]
assert job.describe()
Path(sys.argv[2]).write_text(job.document["bc_url"])
"""


@pytest.fixture(scope="module")
def device_url(bench_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL that a device on the bench, which verifies the name that it dials, was given for its image."""
    folder = tmp_path_factory.mktemp("bench")
    (added,) = add_things(bench_aws.cloud(), ["pi"], folder, bench_aws.thing_options())
    (folder / "program").mkdir()
    (folder / "program" / "__main__.py").write_text("")
    image = build_image(folder / "program", "1", folder / "x.pyz")
    start_job(bench_aws.cloud(), StartRequest("pi", image, bench_aws.bucket, bench_aws.role))
    command = [sys.executable, "-c", THING_PROGRAM, str(added.folder), str(folder / "url")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return (folder / "url").read_text()


def test_a_device_connects_by_that_name_and_is_given_urls_for_it(bench_aws: LocalAws, device_url: str) -> None:
    assert bench_aws.status().device_endpoint == f"{BENCH}:{ports(bench_aws)[1]}"
    assert urlsplit(device_url).netloc == f"{BENCH}:{ports(bench_aws)[0]}"
    assert answer_of(device_url, bench_aws) == 200


def test_a_url_whose_signature_was_changed_opens_nothing(bench_aws: LocalAws, device_url: str) -> None:
    changed = re.sub(r"(X-Amz-Signature=)(.)", lambda found: found[1] + ("0" if found[2] != "0" else "1"), device_url)
    assert answer_of(changed, bench_aws) == 403


def signed_by_root(local: LocalAws) -> str:
    client = boto3.client(
        "s3", endpoint_url=f"https://{BENCH}:{ports(local)[0]}", region_name="us-east-1", aws_access_key_id="test",
        aws_secret_access_key="test", config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )  # fmt: skip
    url: str = client.generate_presigned_url("list_objects_v2", Params={"Bucket": local.bucket})
    return url


def test_the_root_user_whose_key_everybody_knows_is_nobody_there(bench_aws: LocalAws) -> None:
    url = signed_by_root(bench_aws)
    assert answer_of(url, bench_aws) == 403
    assert answer_of(url + "&X-Amz-Security-Token=x", bench_aws) == 403


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/", "GET"),
        ("/_ministack/health", "GET"),
        ("/_ministack/reset", "POST"),
        ("/fota-images?X-Amz-Signature=1&X-Amz-Credential=test", "GET"),
        ("/fota-images?X-Amz-Signature=1&X-Amz-Credential=ASIA", "GET"),
    ],
)
def test_nothing_but_presigned_downloads_comes_through_that_address(
    bench_aws: LocalAws, path: str, method: str
) -> None:
    assert answer_of(f"https://{BENCH}:{ports(bench_aws)[0]}{path}", bench_aws, method=method) == 403


@pytest.mark.parametrize("extra", ["authorization", "method", "twice"])
def test_a_good_url_opens_no_other_door(bench_aws: LocalAws, device_url: str, extra: str) -> None:
    headers = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request"}
    url = device_url + ("&X-Amz-Credential=test" if extra == "twice" else "")
    method = "PUT" if extra == "method" else "GET"
    assert answer_of(url, bench_aws, headers if extra == "authorization" else {}, method) == 403


def test_another_host_while_it_runs_is_refused_with_the_remedy(bench_aws: LocalAws, local_aws: LocalAws) -> None:
    with pytest.raises(BadInput, match=r"`host`: it runs already, for the host 127\.0\.0\.2.*fota local down"):
        bench_aws.up(host="127.0.0.3")
    with pytest.raises(BadInput, match=r"for this machine alone, not for 127\.0\.0\.2"):
        local_aws.up(host=BENCH)
    assert bench_aws.up() == bench_aws.up(host=BENCH)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "192.0.2.1", "no such name", "x" * 300, "::1"])
def test_what_is_no_name_of_this_machine_is_refused_and_nothing_is_made(tmp_path: Path, host: str) -> None:
    local = LocalAws(tmp_path / "aws")
    with pytest.raises(BadInput, match=r"`host`: expected a name or an(?: IPv4)? address of this machine, got"):
        local.up(host=host)
    assert not local.status().running


def test_another_host_later_renews_the_certificate_and_only_then(tmp_path: Path) -> None:
    local = LocalAws(tmp_path / "aws")
    renewed = []
    for host in (None, BENCH, None, BENCH):
        local.up(host=host)
        try:
            renewed.append(local.ca_renewed)
            assert listening(local) == {"127.0.0.1", host or "127.0.0.1"}
            (added,) = add_things(local.cloud(), [f"pump-{len(renewed)}"], tmp_path / "things", local.thing_options())
            conf = read_conf(added.folder)
            assert conf is not None
            assert conf.endpoint.startswith(host or "localhost")
        finally:
            local.down()
    assert renewed == [False, True, False, False]
