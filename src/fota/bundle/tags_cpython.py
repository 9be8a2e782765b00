"""For which Python and platform this device takes a bundle: its own tags, as PEP 425, 600 and 656 make them."""

NO_PLATFORM = "any"
"""The platform of a bundle in which nothing is compiled."""


def fits(runtime: str) -> bool:
    """Whether this Python, on this platform, runs what was made for `runtime`, such as `cp311-any`."""
    # Imported late: an update without a runtime has no use for it.
    from packaging import tags

    interpreter, _, platform = runtime.partition("-")
    if platform == NO_PLATFORM:
        return interpreter == tags.interpreter_name() + tags.interpreter_version()
    # The ABI is that of the interpreter: extensions of a build without the GIL, or for debugging, have another.
    return any(
        (tag.interpreter, tag.abi, tag.platform) == (interpreter, interpreter, platform) for tag in tags.sys_tags()
    )


def runtime_here() -> str:
    """The runtime of this device, as a message names it: `cp311-manylinux_2_36_x86_64`."""
    from packaging import tags

    best = next(tags.sys_tags())
    abis = (best.abi, tags.interpreter_name() + tags.interpreter_version())
    # The plain `linux_x86_64` comes first, and says nothing of the libc.
    named = [tag for tag in tags.sys_tags() if tag.abi in abis and not tag.platform.startswith("linux_")]
    chosen = named[0] if named else best
    return f"{chosen.abi}-{chosen.platform}"


def misfit(runtime: "str | None", boot: int, protocol: int) -> str:
    """Why an image for that runtime and protocol cannot start here, where fota-boot keeps `protocol`; or empty."""
    if boot > protocol:
        return f"boot: the image needs protocol {boot} of fota-boot, this device has {protocol}"
    if runtime is None or fits(runtime):
        return ""
    return f"runtime: the image needs {runtime}, this device is {runtime_here()}"
