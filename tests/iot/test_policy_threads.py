"""A policy in a program whose jobs are handled in a thread, or awaited: it is asked there as in the plain call."""

import asyncio
import time
from typing import Any

import pytest

from aws.iot import fota
from fota.policy import Later
from tests.labs import device_lab
from tests.labs.background_lab import IMAGE, BackgroundLab, lab, until
from tests.labs.policy_lab import ScriptedPolicy, steps, told

__all__ = ("lab",)

BUSY = Later("machine-busy", again_s=60)
MOMENTS = ("download", "restart")


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_background_puts_off_and_asks_again_without_network(lab: BackgroundLab, moment: str) -> None:
    policy = ScriptedPolicy(**{moment: BUSY})
    lab.publish(IMAGE)
    lab.start(policy=policy, may_restart=lambda: True)
    until(lambda: told(lab))
    time.sleep(0.1)
    requests, asked = len(lab.service.requests), len(policy.offers)
    lab.pass_ms(61_000)
    until(lambda: len(policy.offers) > asked)
    time.sleep(0.1)
    assert (len(lab.service.requests), len(policy.offers), told(lab)[-1]["moment"]) == (requests, asked + 1, moment)
    policy.answers[moment] = True
    lab.pass_ms(61_000)
    lab.restarted()
    assert lab.running_image == IMAGE


def test_leave_to_restart_while_the_policy_says_later_asks_nobody_and_counts_afterwards(lab: BackgroundLab) -> None:
    policy = ScriptedPolicy(True, BUSY)
    lab.publish(IMAGE)
    updates = lab.start(policy=policy)
    assert updates.restart_wanted.wait(20)
    until(lambda: told(lab))
    updates.allow_restart()
    time.sleep(0.1)
    requests = len(lab.service.requests)
    time.sleep(0.2)
    assert (len(lab.service.requests), lab.restarts.is_set()) == (requests, False)
    policy.answers["restart"] = True
    lab.pass_ms(61_000)
    lab.restarted()
    assert lab.running_image == IMAGE


async def look(lab: device_lab.DeviceLab, **options: Any) -> bool:
    return await fota.aio.handle_fota_jobs(lab.jobs, auto_reset=False, device=lab.device, **options)


def test_the_awaited_call_puts_off_and_asks_again() -> None:
    device, policy = device_lab.DeviceLab(), ScriptedPolicy(BUSY)
    device.publish(IMAGE)

    async def program() -> None:
        assert await look(device, force=True, policy=policy) is False
        for _ in range(3):
            device.pass_ms(1_000)
            await look(device, policy=policy)
        requests, asked = len(device.service.requests), len(policy.offers)
        device.pass_ms(61_000)
        assert await look(device, policy=policy) is False
        assert (len(device.service.requests), len(policy.offers)) == (requests, asked + 1)
        policy.answers["download"] = True
        device.pass_ms(61_000)
        assert await look(device, policy=policy) is True

    asyncio.run(program())
    assert steps(device) == ["deferred", "download", "restart"]
