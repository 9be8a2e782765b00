"""Errors that nobody expected, made visible: on a device they become the status of a job, in a sweep the finding."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from aws.iot import flow, fota, reports


class Escaped(BaseException):
    """An error that the flow would have handled. Not an Exception, so that nothing handles this one."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.error = error


@contextmanager
def errors_escape() -> Iterator[None]:
    """While inside, an error that nobody expected leaves `handle_fota_jobs` as Escaped."""

    def escape(error: Exception) -> None:
        raise Escaped(error) from error

    # The flow itself is what is looked at, so that nothing of it can be handed in.
    with (
        mock.patch.object(reports, "unexpected", escape),
        mock.patch.object(flow, "unexpected", escape),
        mock.patch.object(fota, "problem_of", escape),
    ):
        yield
