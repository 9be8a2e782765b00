"""How urgent a release is: what its maker signs of that, and whether a plan or a command agrees with it.

Leaves to others: the form of a time (`time_span`), and what a device makes of it (`fota.policy`).
"""

from fota.trust.manifest import NOW, WHEN_CONVENIENT, Manifest
from fota_operator.errors import BadInput
from fota_operator.time_span import EXPECTED, MAX_SPAN_S, span_in_words

URGENCIES = (NOW, WHEN_CONVENIENT)


def require_urgency(urgency: str | None, within_s: int | None) -> None:
    """*Raises* BadInput unless a manifest can say both; None: it does not say that."""
    if urgency is not None and urgency not in URGENCIES:
        raise BadInput(f"`urgency`: expected {' or '.join(URGENCIES)}, got {urgency}", "write one of the two")
    if within_s is not None and not 1 <= within_s <= MAX_SPAN_S:
        raise BadInput(f"`within`: expected {EXPECTED}, got {within_s} seconds", "choose one in that range")
    if urgency == NOW and within_s is not None:
        raise BadInput(
            f"`within`: expected none beside the urgency now, got {span_in_words(within_s)}",
            "a device may not put such a release off at all: leave one of the two out",
        )


def urgency_fields(urgency: str | None, within_s: int | None) -> dict[str, object]:
    """The fields of a manifest; what is None is left out. *Raises* BadInput."""
    require_urgency(urgency, within_s)
    fields = {"urgency": urgency, "within": within_s}
    return {name: value for name, value in fields.items() if value is not None}


def require_agreed(manifest: Manifest | None, urgency: str | None, within_s: int | None, *, asked_by: str) -> None:
    """Check that what is asked for is what was signed: it cannot be changed afterwards. None asks for nothing.

    `manifest` None: the image is not signed. `asked_by` names what asks, as "the plan".
    *Raises* BadInput.
    """
    require_urgency(urgency, within_s)
    asked = {"urgency": urgency, "within": None if within_s is None else span_in_words(within_s)}
    for name, value in asked.items():
        if value is None:
            continue
        if manifest is None:
            raise BadInput(
                f"{name}: expected a release, got an image that is not signed: only what is signed says how long "
                "a device may put it off",
                f"make a release with `fota release create`, or leave {name} out of {asked_by}",
            )
        if value != (manifest.urgency if name == "urgency" else within_in_words(manifest)):
            raise BadInput(
                f"release {manifest.release} was signed {_signed(manifest, name)}, and {asked_by} asks for {value}",
                f"sign it again, or change {asked_by}",
            )


def within_in_words(manifest: Manifest) -> str:
    """For how long a device may put a release off."""
    if manifest.urgency == NOW:
        return "not at all"
    return "without end" if manifest.within_s is None else span_in_words(manifest.within_s)


def _signed(manifest: Manifest, name: str) -> str:
    if name == "urgency" or manifest.urgency == NOW:
        return f"with urgency = {manifest.urgency}"
    return "without within" if manifest.within_s is None else f"with within = {within_in_words(manifest)}"
