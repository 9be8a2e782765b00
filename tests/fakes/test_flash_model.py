"""Flash in memory, and two copies of a value on it: cut in every operation, in every shape, one copy is whole."""

import pytest

from fota.durable import DurableValue
from fota.errors import StorageFailed
from fota_testing.flash.cells import PowerCut
from fota_testing.flash.esp32 import FlashCell
from fota_testing.flash.model import SECTOR_BYTES, TORN_SHAPES, FlashMisuse, FlashModel

MAGIC = b"TEST"
VALUES = [b"first", b"the second one", b"third"]


def value_on(flash: FlashModel) -> DurableValue:
    return DurableValue(MAGIC, FlashCell(flash, 0), FlashCell(flash, 1))


def operations_of_the_save(saved: int) -> int:
    flash = flash_with(*VALUES[:saved])
    before = flash.operations
    value_on(flash).save(VALUES[saved])
    return flash.operations - before


def flash_with(*payloads: bytes) -> FlashModel:
    flash = FlashModel(2)
    for payload in payloads:
        value_on(flash).save(payload)
    return flash


@pytest.mark.parametrize("shape", TORN_SHAPES)
@pytest.mark.parametrize("saved", [1, 2])
def test_a_cut_in_any_operation_leaves_the_value_before_or_the_one_after(saved: int, shape: str) -> None:
    before, after = VALUES[saved - 1], VALUES[saved]
    for operation in range(1, operations_of_the_save(saved) + 1):
        flash = flash_with(*VALUES[:saved])
        flash.cut_at(operation, shape)
        with pytest.raises(PowerCut):
            value_on(flash).save(after)
        flash.restore()
        assert value_on(flash).load() in {before, after}
        value_on(flash).save(VALUES[2])
        assert value_on(flash).load() == VALUES[2]


def test_a_second_cut_in_the_save_after_a_cut_leaves_one_of_the_three() -> None:
    for first in TORN_SHAPES:
        for second in TORN_SHAPES:
            for operation in (1, 2):
                flash = flash_with(*VALUES[:2])
                flash.cut_at(2, first)
                with pytest.raises(PowerCut):
                    value_on(flash).save(VALUES[0])
                flash.restore()
                flash.cut_at(operation, second)
                with pytest.raises(PowerCut):
                    value_on(flash).save(VALUES[2])
                flash.restore()
                assert value_on(flash).load() in VALUES


@pytest.mark.parametrize("operation", [1, 2])
def test_an_operation_that_did_nothing_is_noticed_and_the_old_value_stands(operation: int) -> None:
    flash = flash_with(*VALUES[:2])
    flash.deaf_at = flash.operations + operation
    with pytest.raises(StorageFailed):
        value_on(flash).save(VALUES[2])
    assert value_on(flash).load() == VALUES[1]


def test_a_save_wears_one_sector_once() -> None:
    flash = flash_with(*VALUES)
    before = sum(flash.erases)
    for payload in VALUES:
        value_on(flash).save(payload)
    assert sum(flash.erases) - before == len(VALUES)


def test_only_erased_bytes_can_be_programmed() -> None:
    flash = FlashModel(1)
    flash.program(0, b"\x00")
    with pytest.raises(FlashMisuse, match="byte 0"):
        flash.program(0, b"\x00")
    flash.erase(0)
    flash.program(0, b"\x01")
    assert flash.read(0, 2) == b"\x01\xff"


def test_nothing_lies_past_the_end() -> None:
    with pytest.raises(FlashMisuse, match="the flash has"):
        FlashModel(1).read(SECTOR_BYTES, 1)


def test_without_power_nothing_is_read() -> None:
    flash = FlashModel(1)
    flash.cut_at(1)
    with pytest.raises(PowerCut):
        flash.erase(0)
    with pytest.raises(PowerCut):
        flash.read(0, 1)


@pytest.mark.parametrize(("operation", "shape"), [(0, "half"), (1, "quarter")])
def test_a_cut_that_cannot_be_is_refused(operation: int, shape: str) -> None:
    with pytest.raises(ValueError, match="cut_at"):
        FlashModel(1).cut_at(operation, shape)
