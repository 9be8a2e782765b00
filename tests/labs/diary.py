"""What an update says of its progress, as lines that a test can compare."""

from fota.progress import Progress


class Diary(Progress):
    """Writes down all that it is told, but for how far a download is: there only the end."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def taken(self, job_id: str) -> None:
        self.lines.append(f"taken {job_id}")

    def downloading(self, done_bytes: int, total_bytes: int) -> None:
        if done_bytes == total_bytes:
            self.lines.append(f"downloaded {total_bytes}")

    def retrying(self, reason: str, delay_ms: int) -> None:
        self.lines.append(f"retrying {reason}")

    def proving(self, slot: int) -> None:
        self.lines.append(f"proving {slot}")

    def installed(self, slot: int) -> None:
        self.lines.append(f"installed {slot}")

    def restarting(self) -> None:
        self.lines.append("restarting")

    def confirmed(self, slot: int) -> None:
        self.lines.append(f"confirmed {slot}")

    def ended(self, job_id: str, status: str, reason: str) -> None:
        self.lines.append(f"ended {job_id} {status} {reason}".rstrip())
