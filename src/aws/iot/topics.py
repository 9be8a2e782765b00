"""Every reserved topic that we use, spelled once.

Others know what is published there, and whether a thing's name may be part of a topic (`iot.Thing`).

AWS: https://docs.aws.amazon.com/iot/latest/developerguide/reserved-topics.html
"""


def shadow_update(thing: str) -> str:
    """Where a device reports its state."""
    return f"$aws/things/{thing}/shadow/update"


def named_shadow_update(thing: str) -> str:
    """Where a device reports what it runs, to the shadow `fota`."""
    return f"$aws/things/{thing}/shadow/name/fota/update"


def shadow_delta(thing: str) -> str:
    """Where a device hears how the wanted state differs from the one that it reported."""
    return shadow_update(thing) + "/delta"


def jobs_notify(thing: str) -> str:
    """Where a device hears of every change of its list of pending jobs."""
    return f"$aws/things/{thing}/jobs/notify"


def jobs_notify_next(thing: str) -> str:
    """Where a device hears that another job is the next one."""
    return f"$aws/things/{thing}/jobs/notify-next"


def jobs_get(thing: str) -> str:
    """Ask for the list of pending job executions."""
    return f"$aws/things/{thing}/jobs/get"


def job_get(thing: str, job_id: str) -> str:
    """Ask for one job execution; `$next` as `job_id` asks for the next one."""
    return f"$aws/things/{thing}/jobs/{job_id}/get"


def job_update(thing: str, job_id: str) -> str:
    """Report the status of one job execution."""
    return f"$aws/things/{thing}/jobs/{job_id}/update"


def accepted(topic: str) -> str:
    """Where the service accepts a request made on `topic`."""
    return topic + "/accepted"


def rejected(topic: str) -> str:
    """Where the service rejects a request made on `topic`."""
    return topic + "/rejected"


def jobs_replies(thing: str) -> "tuple[str, ...]":
    """The filters that match every answer to the requests above, and none of the requests.

    They are few and fixed: they are subscribed to once, not for each job, and a policy can name them.
    """
    filters = []
    for request in (jobs_get(thing), job_get(thing, "+"), job_update(thing, "+")):
        filters += [accepted(request), rejected(request)]
    return tuple(filters)
