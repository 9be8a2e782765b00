"""Old name of `fota.boards.provisioning`, kept for programs that import it; deprecated."""

from fota.boards.provisioning import provision

__all__ = ["provision"]
