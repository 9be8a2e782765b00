"""What a policy lets one go of a download take is kept from the job to the server, and the account tells it so."""

from fota import policy
from tests.labs.device_lab import DeviceLab

IMAGE = bytes(range(250)) * 20
SIZE_BYTES = len(IMAGE)


def life(lab: DeviceLab, **bounds: int) -> list[tuple[str, int, int]]:
    """An update under a policy that says `Now` with these bounds; the moment and the bytes of each question."""
    asked = []

    def answer(offer: policy.Offer) -> policy.Now:
        asked.append((offer.moment, offer.left_bytes, offer.day_bytes))
        return policy.Now(**bounds)

    lab.publish(IMAGE)
    lab.wake(policy=answer)
    lab.live(3_600, policy=answer)
    assert lab.running_image == IMAGE
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    return asked


def test_an_image_comes_in_goes_of_some_bytes_and_none_of_them_comes_twice(lab: DeviceLab) -> None:
    asked = life(lab, max_bytes=2_000)
    assert asked == [
        ("download", 5_000, 0),
        ("download", 3_000, 2_000),
        ("download", 1_000, 4_000),
        ("restart", 0, SIZE_BYTES),
    ]
    assert lab.device.fetched.month_bytes() == SIZE_BYTES


def test_a_download_keeps_to_the_rate(lab: DeviceLab) -> None:
    began_ms = lab.clock.now_ms()
    took_ms: list[int] = []
    lab.server.at(SIZE_BYTES - 64, lambda: took_ms.append(lab.clock.now_ms() - began_ms))
    life(lab, max_bytes_per_s=100)
    assert took_ms
    assert 48_000 <= took_ms[0] <= 53_000


def test_a_go_of_a_second_at_a_rate_brings_the_bytes_of_a_second(lab: DeviceLab) -> None:
    left_bytes = [left for moment, left, _ in life(lab, for_s=1, max_bytes_per_s=1_000) if moment == "download"]
    brought = [before - after for before, after in zip(left_bytes, [*left_bytes[1:], 0], strict=True)]
    assert len(brought) == 5
    assert max(brought) <= 1_200
