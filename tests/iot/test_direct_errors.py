"""What `update` and `test` raise, called by a program itself, is a FotaError whatever happens below them."""

import pytest

from aws.iot import fota
from fota import errors
from fota.device import Device
from fota.log import is_shortage
from fota.transfer.http import HttpsClient
from tests.labs.device_lab import DeviceLab
from tests.labs.raising import Unprintable, failing

IMAGE = b"new image" * 40
RAW = [
    OSError(5, "Input/output error"),
    FileNotFoundError(2, "no such file"),
    ValueError("not a URL"),
    MemoryError(),
    RecursionError(),
    KeyError("x"),
    Unprintable(),
]


@pytest.mark.parametrize("error", RAW, ids=lambda error: type(error).__name__)
def test_an_error_that_nobody_expected_is_told_as_one(lab: DeviceLab, error: Exception) -> None:
    lab.server.get = failing(error, 1, lab.server.get)  # type: ignore[method-assign,assignment]
    document = lab.direct_document(IMAGE)
    with pytest.raises(errors.InternalError, match=f"{type(error).__name__} at raising.py:") as caught:
        fota.update(document, device=lab.device)
    assert caught.value.cause is error
    assert fota.update(document, device=lab.device) is True


@pytest.mark.parametrize("error", RAW, ids=lambda error: type(error).__name__)
def test_so_it_is_when_a_trial_is_begun(lab: DeviceLab, error: Exception) -> None:
    document = lab.direct_document(IMAGE)
    fota.update(document, device=lab.device)
    lab.device.admit = failing(error, 1, lab.device.admit)  # type: ignore[assignment]
    with pytest.raises(errors.InternalError) as caught:
        fota.test(document, device=lab.device)
    assert caught.value.cause is error
    fota.test(document, device=lab.device)


def test_an_interrupt_is_no_error(lab: DeviceLab) -> None:
    lab.server.get = failing(KeyboardInterrupt(), 1, lab.server.get)  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyboardInterrupt):
        fota.update(lab.direct_document(IMAGE), device=lab.device)


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_authorities_that_cannot_be_read_are_told_by_their_name(lab: DeviceLab, tmp_path, content) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    device: Device = lab.device
    client = HttpsClient(str(path))
    lab.server.get = client.get  # type: ignore[method-assign,assignment]
    with pytest.raises(errors.UntrustedServer, match=f"{path}: expected certificates to trust, PEM"):
        fota.update(lab.direct_document(IMAGE), device=device)


# Want of memory for TLS, as MicroPython tells it.

SHORT = [12, 23, 24, -0x7F00, -0x2880, -0x3F80, -0x4D80, -0x5180, -0x6180, -0x4290, -0x21EA]
"""The last two: RSA without memory for a number, and X.509 without memory for a part."""
OTHERS = [1, 2, 104, -0x10, -0x6A, -0x2700, -0x7200, -0x7780, -2, -1, 0]


@pytest.mark.parametrize("number", SHORT)
def test_want_of_memory_is_known_by_its_numbers(number: int) -> None:
    assert is_shortage(errors.Unreachable("no TLS", cause=OSError(number, "")))


@pytest.mark.parametrize("number", OTHERS)
def test_other_numbers_are_none(number: int) -> None:
    assert not is_shortage(errors.Unreachable("no TLS", cause=OSError(number, "")))


def test_a_job_that_ended_for_want_of_memory_for_tls_says_so(lab: DeviceLab) -> None:
    problem = errors.Unreachable("error -32512", cause=OSError(-32_512, "SSL - Memory allocation failed"))
    lab.server.failure = problem
    lab.publish(IMAGE)
    lab.live(8 * 3_600)
    assert (lab.status(), lab.reason()) == ("FAILED", "internal-error")
    assert lab.details()["message"].startswith("out of memory or sockets: OSError at ")
