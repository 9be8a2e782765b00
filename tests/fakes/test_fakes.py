"""The published fakes fail whoever misuses them, and end what would never end."""

import sys

import pytest

from fota.errors import StorageFailed
from fota_testing.clock import FakeClock
from fota_testing.flash.cells import MemoryCell, PowerCut
from fota_testing.misuse import Misuse
from fota_testing.servers.authority import Authority


def test_time_passes_when_it_is_slept_away_or_pushed():
    clock = FakeClock(100)
    clock.sleep_ms(7)
    clock.advance_ms(1000)
    assert (clock.now_ms(), clock.sleeps) == (1107, [7])


def test_a_clock_that_ticks_comes_to_any_deadline():
    clock = FakeClock(0, tick_ms=10)
    assert [clock.now_ms() for _ in range(3)] == [10, 20, 30]


@pytest.mark.parametrize("duration_ms", [-1, 0.5, True, None])
def test_a_sleep_that_nobody_can_mean_is_a_defect(duration_ms):
    with pytest.raises(Misuse, match="number of milliseconds"):
        FakeClock().sleep_ms(duration_ms)


def test_whoever_waits_for_a_month_waits_for_ever():
    clock = FakeClock()
    with pytest.raises(Misuse, match="never comes"):
        clock.sleep_ms(31 * 24 * 3_600_000)


def test_the_power_fails_in_the_write_that_brings_the_last_byte():
    cell = MemoryCell(8)
    cell.cut_after(5)
    cell.write(b"abc")
    with pytest.raises(PowerCut):
        cell.write(b"xyz")
    assert cell.read() == b"xyc\0\0\0\0\0"
    cell.write(b"later")
    assert cell.read() == b"later\0\0\0"


def test_a_flash_that_is_erased_first_is_torn_into_ones():
    cell = MemoryCell(6, b"before")
    cell.cut_after(2, erases=True)
    with pytest.raises(PowerCut):
        cell.write(b"after")
    assert cell.read() == b"af\xff\xff\xff\xff"


def test_a_power_cut_is_nothing_that_a_program_handles_as_an_error():
    assert not issubclass(PowerCut, Exception)


def test_a_cell_takes_no_more_than_its_size():
    with pytest.raises(StorageFailed):
        MemoryCell(4).write(b"12345")


def test_without_the_package_for_certificates_one_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    with pytest.raises(RuntimeError, match="pip install"):
        Authority()
