"""What is not built, and what was not tried: the one list, and the pages take their text about it from here.

Each entry of what is not built names a sign, a pattern that the device's code would contain if it were built. A test
looks for the signs, so an entry that is no longer true fails there. When you build one, remove its entry here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class NotBuilt:
    """Something that a reader may look for in vain: its name, what it would be, and what is true today."""

    name: str
    means: str
    today: str
    sign: str
    """A regular expression that no line of the device's code matches as long as this is not built."""
    also_known_as: str = ""


@dataclass(frozen=True)
class NotTried:
    """Something that is built and was not shown where it must work in the end."""

    name: str
    today: str


NOT_BUILT = (
    NotBuilt(
        "encrypted image",
        "an image that only devices with the key can read",
        "A person who can read the bucket, or has a URL while it is valid, can read the image.",
        r"\bAES\b|decryptor",
    ),
    NotBuilt(
        "boot chooser update",
        "an update over the air of `fota-boot`, or of the interpreter",
        "An update replaces the image. A bundle and a firmware in OTA partitions hold this library too; "
        "beside a zipapp or a littlefs it is updated by other means, as `fota-boot` and Python always are.",
        r"fota-library|update_library",
        "self-update",
    ),
    NotBuilt(
        "release SBOM",
        "the list of the parts of an image, signed with it and shown in AWS's package catalog",
        "The package version that a rollout makes has the SHA-256 of the image and no such list.",
        r"(?i)sbom",
        "software bill of materials",
    ),
    NotBuilt(
        "RAUC board",
        "a board on which RAUC owns the slots and the trial, for updates of whole Linux systems",
        "The root file system of a gateway is not updated.",
        r"(?i)rauc",
        "system update",
    ),
    NotBuilt(
        "maintenance window",
        "the times at which a device lets itself be updated",
        "A device installs what it finds when the program calls `handle_fota_jobs`. "
        "A rollout has a window, which says when a stage may begin.",
        r"maintenance",
        "update window",
    ),
    NotBuilt(
        "list of hosts",
        "the hosts from which a device may download",
        "A device asks any host that the job names, over HTTPS. With a keyring, the signature decides what it takes.",
        r"allowed_hosts?|known_hosts?",
        "allow-list",
    ),
    NotBuilt(
        "key roles",
        "root keys above the signing keys, and keys that may sign only releases or only keyrings",
        "All keys of a keyring may sign both. If too many of them are lost, a person must go to each device.",
        r"\broles?\b|root_key",
        "root keys, delegation (TUF)",
    ),
)

NOT_TRIED = (
    NotTried(
        "MicroPython on a board",
        "The library runs on MicroPython's unix port. No board was tried. "
        "The library is larger than it should be for a small board: `make size`.",
    ),
    NotTried("AWS itself", "The tests run against a local AWS, MiniStack."),
    NotTried("systemd", "The tests let systemd check the unit, and imitate what it says to `fota-boot`."),
    NotTried(
        "Docker",
        "The tests parse the Dockerfile, and run its script as process 1 in namespaces of their own.",
    ),
    NotTried(
        "Keys in a TPM or another chip",
        "Python's `ssl` reads keys from files; a connection of your own can use awscrt with PKCS#11.",
    ),
)


def readme_list() -> str:
    """All of it, one line each, for the front page."""
    built = (f"- No {_plainly(one.name)}. {one.today}\n" for one in NOT_BUILT)
    tried = (f"- Not tried: {one.name}. {one.today}\n" for one in NOT_TRIED)
    return "".join((*tried, *built))


def design_tables() -> str:
    """What is not built and what it would be; then what was not tried."""
    built = "".join(f"| {one.name} | {one.means} | {one.today} |\n" for one in NOT_BUILT)
    tried = "".join(f"| {one.name} | {one.today} |\n" for one in NOT_TRIED)
    return (
        f"| not built | would be | today |\n| --- | --- | --- |\n{built}"
        f"\nBuilt, and not tried where it must work in the end:\n\n"
        f"| not tried | today |\n| --- | --- |\n{tried}"
    )


def vocabulary_table() -> str:
    """The words for what is not built, as the vocabulary shows words."""
    rows = (f"| {one.name} | {one.means} | {one.also_known_as} |\n" for one in NOT_BUILT)
    return "| word | will mean | also known as |\n| --- | --- | --- |\n" + "".join(rows)


def _plainly(name: str) -> str:
    """The name in the plural, for a sentence that says that there are none."""
    return name if name.endswith("s") else f"{name}s"
