"""A number that would be the last one is not signed by a slip of the hand."""

import pytest

from fota_operator.errors import BadInput
from fota_operator.images.image import Image
from fota_operator.trust.jumps import require_no_jump
from fota_operator.trust.release import Claim, make_release
from tests.labs.fota_command import FotaCommand
from tests.labs.signatures import Signatures

NOW_S = 1_795_000_000  # 18 November 2026


@pytest.mark.parametrize(
    "seq",
    [1, 1_000_001, NOW_S, NOW_S + 86_400, 20261118, 2026111823, 202611182359, 20261118235959, NOW_S * 1000],
    ids=str,
)
def test_counts_and_moments_are_numbers_of_releases(seq: int) -> None:
    require_no_jump(seq, 0, NOW_S)


@pytest.mark.parametrize(
    "seq",
    [
        9_007_199_254_740_991, 9_007_199_254_740_990, 10**15, NOW_S + 10 * 86_400, NOW_S * 10, NOW_S * 10_000,
        20271118235959, 202613182359, 99991231235959, NOW_S * 2000,
    ],
    ids=str,
)  # fmt: skip
def test_a_number_that_no_clock_has_reached_is_refused(seq: int) -> None:
    with pytest.raises(BadInput, match=r"`seq`: .* takes no release with a lower number, ever; .*`allow_jump`"):
        require_no_jump(seq, 0, NOW_S)


@pytest.mark.parametrize("secver", [1001, 20261118, 2_147_483_647])
def test_a_security_version_that_nobody_counted_to_is_refused(secver: int) -> None:
    with pytest.raises(BadInput, match="`secver`"):
        require_no_jump(1, secver, NOW_S)


@pytest.mark.parametrize("numbers", [{"seq": 9_007_199_254_740_991}, {"secver": 2_147_483_647}])
def test_a_jump_is_signed_only_if_it_is_said_to_be_meant(
    image: Image, signatures: Signatures, numbers: dict[str, int]
) -> None:
    by = signatures.signers("maker")
    with pytest.raises(BadInput, match="`allow_jump`"):
        make_release(image, Claim("pump", ("rev-a",), **numbers), by)  # type: ignore[arg-type]
    made = make_release(image, Claim("pump", ("rev-a",), **numbers, allow_jump=True), by)  # type: ignore[arg-type]
    assert {name: getattr(made.manifest, name) for name in numbers} == numbers


@pytest.mark.parametrize("version", [1_000_001, 9_007_199_254_740_991])
def test_a_keyring_that_could_have_no_successors_is_refused(signatures: Signatures, version: int) -> None:
    with pytest.raises(BadInput, match="`version`"):
        signatures.keyring("maker", version=version)


def test_the_command_names_its_option(
    elsewhere: FotaCommand, signatures: Signatures, image_file: object, tmp_path: object
) -> None:
    words = ("release", "create", image_file, "--product", "pump", "--hardware", "rev-a", "--sign", "maker")
    signatures.signers("maker")
    result = elsewhere(*words, "-o", f"{tmp_path}/r", "--keys", signatures.keys.path, "--seq", 9_007_199_254_740_991)
    assert (result.exit_code, "--allow-jump" in result.stderr, "--seq" in result.stderr) == (2, True, True)
