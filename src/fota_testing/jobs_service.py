"""Old name of `fota_testing.jobs.service`, kept for programs that import it; deprecated."""

from fota_testing.jobs.service import JobsService

__all__ = ["JobsService"]
