"""The scenes of the demo: what is offered to the device, and what the result must be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scene:
    """One release that is offered to the device, and what the result must be."""

    version: str
    title: str
    fault: str = ""
    """What is wrong with the firmware: "crash" or "hang"; or what happens to the device: in mid-download "kill", and
    "busy" before it. "patch": nothing, and it is offered as a patch too."""
    attack: str = ""
    """What a thief does who has stolen the operator's AWS credentials, but not the maker's key."""
    status: str = "SUCCEEDED"
    reason: str = ""
    cause: str = ""
    boots: int = 0
    """How often the device starts an image during the scene."""
    runs_then: str = ""
    """The firmware that runs afterwards."""
    way: str = ""
    """The way in which the image comes, where patches are offered."""


SWAPPED_OBJECT = "swapped-object"
STRANGE_KEY = "strange-key"
OLDER_RELEASE = "older-release"
OTHER_HARDWARE = "other-hardware"
UNSIGNED = "unsigned"

SCENES = (
    Scene("2", "Firmware 2 is good", boots=1, runs_then="2"),
    Scene(
        "3",
        "Firmware 3 crashes at import",
        "crash",
        status="FAILED",
        reason="rolled-back",
        cause="crashed",
        boots=2,
        runs_then="2",
    ),
    Scene(
        "4",
        "Firmware 4 never connects",
        "hang",
        status="FAILED",
        reason="rolled-back",
        cause="hung",
        boots=2,
        runs_then="2",
    ),
    Scene(
        "5",
        "A thief with the AWS credentials offers firmware 5, and another object in its place",
        attack=SWAPPED_OBJECT,
        status="FAILED",
        reason="hash-mismatch",
        runs_then="2",
    ),
    Scene(
        "3",
        "Firmware 3, which crashed, is offered again",
        "crash",
        status="REJECTED",
        reason="known-bad",
        runs_then="2",
    ),
    Scene("6", "Firmware 6 is large; the device is killed in mid-download", "kill", boots=2, runs_then="6"),
    Scene(
        "7",
        "The thief signs a firmware with a key of his own",
        attack=STRANGE_KEY,
        status="REJECTED",
        reason="unknown-key",
        runs_then="6",
    ),
    Scene(
        "2",
        "The thief offers the release of firmware 2 again, which is older",
        attack=OLDER_RELEASE,
        status="REJECTED",
        reason="older-release",
        runs_then="6",
    ),
    Scene(
        "8",
        "The thief offers a genuine release, which is for other hardware",
        attack=OTHER_HARDWARE,
        status="REJECTED",
        reason="wrong-hardware",
        runs_then="6",
    ),
    Scene(
        "9",
        "The thief leaves the signature away",
        attack=UNSIGNED,
        status="REJECTED",
        reason="unsigned",
        runs_then="6",
    ),
    Scene(
        "10",
        "Firmware 10 comes while the pump runs: the device puts it off, and takes it then",
        "busy",
        boots=1,
        runs_then="10",
    ),
    Scene(
        "11",
        "Firmware 11 is as large, and comes as a patch",
        "patch",
        boots=1,
        runs_then="11",
        way="patch",
    ),
)


@dataclass(frozen=True)
class SceneOutcome:
    """The result of a scene."""

    scene: Scene
    status: str
    reason: str
    cause: str
    boots: int
    written_bytes: int
    """The total size of the files in the device's home that were written during the scene."""
    runs_then: str
    seconds: float
    way: str = ""
    patch_bytes: int | None = None
    """The bytes that travelled, if a patch did."""

    @property
    def as_it_must_be(self) -> bool:
        """Whether the job, the device, the boots and what was written are what the scene says."""
        scene = self.scene
        found = (self.status, self.reason, self.cause, self.boots, self.runs_then, self.way)
        wanted = (scene.status, scene.reason, scene.cause, scene.boots, scene.runs_then, scene.way)
        return found == wanted and (self.written_bytes == 0) == (scene.status == "REJECTED")
