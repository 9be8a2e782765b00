"""What a plan says of patches, and what follows from what the things run: pure, or against a bucket that is faked."""

from dataclasses import replace
from pathlib import Path

import pytest

from fota_operator.errors import BadInput
from fota_operator.images.image import image_from
from fota_operator.patches.offers import FROM_NOTHING, PatchOffer, PatchOffers
from fota_operator.rollouts.patches import FieldVersion, FieldVersions, savings
from fota_operator.rollouts.plan.model import Plan, Targets
from fota_operator.rollouts.plan.patches import PlannedPatches
from fota_operator.rollouts.plan.text import decode, difference, encode
from fota_operator.rollouts.plan_file import PlanFile, read_plan

SHA256 = "a" * 64
SMALLEST = 'release = "pump.fota"\ntargets.groups = ["pumps"]\n'
IMAGE = image_from(bytes(1000))


def read(folder: Path, text: str, flags: dict[str, object] | None = None) -> PlanFile:
    (folder / "plan.toml").write_text(SMALLEST + text)
    return read_plan(folder / "plan.toml", flags)


def patches_of(file: PlanFile, *images: str) -> PlannedPatches | None:
    return file.plan(SHA256, product="pump", version="1.4.0", patch_images=images).patches


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("", None),
        ("[patches]\n", PlannedPatches()),
        ('[patches]\nfrom = "field"\n', PlannedPatches(None, 8, "always")),
        ('[patches]\nfrom = ["1.2.0", "1.1.0"]\n', PlannedPatches(("1.1.0", "1.2.0"))),
        ("[patches]\nfrom = []\nmax = 3\nwhole = 100\n", PlannedPatches((), 3, 100)),
        ('[patches]\nwhole = "never"\n', PlannedPatches(whole="never")),
    ],
)
def test_the_table_says_what_is_asked_for(tmp_path: Path, text: str, asked: PlannedPatches | None) -> None:
    assert patches_of(read(tmp_path, text)) == asked


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[patches]\nmax = 9\n", "patches.max: expected a whole number from 1 to 8, got 9"),
        ('[patches]\nfrom = "1.0"\n', 'patches.from: expected "field", or a list of at most 64 versions'),
        ("[patches]\nfrom = [1]\n", "patches.from: expected"),
        ('[patches]\nwhole = "sometimes"\n', 'patches.whole: expected "always", "never" or a number of bytes'),
        ("[patches]\nwhole = 0\n", "patches.whole: expected"),
        ("[patches]\nwhole = true\n", "patches.whole: expected"),
        ("[patches]\nform = 1\n", "patches.form: no such field"),
        ('[patches]\nreleases = "a.fota"\n', "patches.releases: expected a list of paths"),
        (f"[patches]\nfrom = [{', '.join(repr(str(one)) for one in range(65))}]\n", "at most 64 versions"),
    ],
)
def test_nonsense_is_refused_with_its_field(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(tmp_path, text)
    assert complaint in str(refused.value)


def test_files_are_relative_to_the_plan_and_count_by_their_images(tmp_path: Path) -> None:
    file = read(tmp_path, '[patches]\nfrom = ["1.1.0"]\nreleases = ["old.fota"]\n')
    assert file.patch_paths == (tmp_path / "old.fota",)
    assert patches_of(file, "b" * 64) == PlannedPatches(("1.1.0", "b" * 64))
    alone = read(tmp_path, '[patches]\nreleases = ["old.fota"]\n')
    assert patches_of(alone, "b" * 64) == PlannedPatches(("b" * 64,))
    field = read(tmp_path, '[patches]\nfrom = "field"\nreleases = ["old.fota"]\n')
    assert patches_of(field, "b" * 64) == PlannedPatches()


def test_an_option_takes_the_place_of_a_field(tmp_path: Path) -> None:
    file = read(tmp_path, '[patches]\nfrom = ["1.1.0"]\nmax = 2\n', {"patches": {"from": "field", "whole": "never"}})
    assert patches_of(file) == PlannedPatches(None, 2, "never")


def test_a_plan_with_patches_comes_back_as_it_was_and_without_them_its_bytes_are_as_before() -> None:
    plain = Plan("a", SHA256, Targets(("t",)))
    assert b"patches" not in encode(plain)
    asked = replace(plain, patches=PlannedPatches(("1.1.0",), 3, 4096))
    assert decode(encode(asked)) == asked
    assert difference(plain, asked) == 'patches.from: nothing there, ["1.1.0"] here'


def offer(digest: str, size: int) -> PatchOffer:
    return PatchOffer(bytes(size), "0" * 64, digest, "title")


FIELD = FieldVersions(10, (FieldVersion("b" * 64, "1.2.0", 6), FieldVersion("c" * 64, None, 2)), 2)


@pytest.mark.parametrize(
    ("offers", "whole", "each"),
    [
        ([offer("b" * 64, 10), offer(FROM_NOTHING, 400)], "always", [10, 400, 400]),
        ([offer("b" * 64, 10)], "always", [10, 1000, 1000]),
        ([offer("b" * 64, 10)], "never", [10, 0, 0]),
        ([offer("b" * 64, 10)], 999, [10, 0, 0]),
        ([offer("b" * 64, 10)], 1000, [10, 1000, 1000]),
    ],
)
def test_savings_count_what_each_version_fetches(offers: list[PatchOffer], whole: str | int, each: list[int]) -> None:
    saved = savings(IMAGE, PatchOffers(tuple(offers), whole=whole), FIELD, 1000)
    assert [one.bytes_each for one in saved.versions] == each
    assert [one.title for one in saved.versions] == ["1.2.0", "c" * 12, None]
    way = {400: "compressed", 1000: "whole", 0: "none"}[each[1]]
    assert [one.way for one in saved.versions] == ["patch", way, way]
    assert saved.bytes_with == (6 * each[0] + 2 * each[1] + 2 * each[2]) * 100
    assert saved.bytes_without == 1_000_000
