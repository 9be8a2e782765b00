"""What `fota doctor` says of AWS IoT: policies that let one device act for others, and how many jobs there are.

Both looks are bounded: a fleet may have more policies than anybody wants to wait for, and then this says so.
Leaves to others: judging a policy (`policy_findings`).
"""

from collections.abc import Iterator

from fota_boot.doctor.findings import OK, WARNING, Finding
from fota_operator.account.policy_findings import device_policy_finding
from fota_operator.cloud import Cloud, explaining

MAX_POLICIES_LISTED = 1000
MAX_POLICIES_READ = 100
# AWS: https://docs.aws.amazon.com/general/latest/gr/iot_device_management.html
MAX_CONCURRENT_JOBS = 500
_MANY_JOBS = 400
_PAGE = 250
_OURS = "fota-"


def policy_findings(cloud: Cloud) -> Iterator[Finding]:
    """IoT policies that are too wide: an error if a certificate has one, a warning if none has."""
    names = _policy_names(cloud)
    read = names[:MAX_POLICIES_READ]
    wide = 0
    for name in read:
        with explaining(f"read the IoT policy {name}"):
            found = device_policy_finding(name, cloud.iot.get_policy(policyName=name)["policyDocument"])
        if found is not None:
            wide += 1
            yield _attached(cloud, name, found)
    if len(names) > len(read):
        many = f"{MAX_POLICIES_LISTED} or more" if len(names) >= MAX_POLICIES_LISTED else str(len(names))
        text = f"of {many}, {len(read)} were read, those that are not of `fota things add` first"
        yield Finding("IoT policies", WARNING, text, "look at the others with the audit of AWS IoT Device Defender")
    elif not wide:
        yield Finding("IoT policies", OK, f"all {len(read)} confine a device to itself")


def job_findings(cloud: Cloud) -> Iterator[Finding]:
    """Compare the number of jobs in progress with AWS's limit."""
    with explaining("list the jobs"):
        pages = cloud.iot.get_paginator("list_jobs").paginate(
            status="IN_PROGRESS", PaginationConfig={"PageSize": _PAGE, "MaxItems": MAX_CONCURRENT_JOBS}
        )
        count = sum(len(page["jobs"]) for page in pages)
    if count < _MANY_JOBS:
        yield Finding("jobs", OK, f"{count} in progress")
        return
    text = (
        f"{count} or more in progress; if they are still rolling out, AWS begins no other from {MAX_CONCURRENT_JOBS}"
    )
    yield Finding("jobs", WARNING, text, "cancel those that nobody waits for, or ask AWS for a higher quota")


def _policy_names(cloud: Cloud) -> list[str]:
    """The policies of others come first: ours are pinned to one device when they are made."""
    with explaining("list the IoT policies"):
        pages = cloud.iot.get_paginator("list_policies").paginate(
            PaginationConfig={"PageSize": _PAGE, "MaxItems": MAX_POLICIES_LISTED}
        )
        names = [policy["policyName"] for page in pages for policy in page["policies"]]
    return sorted(names, key=lambda name: name.startswith(_OURS))


def _attached(cloud: Cloud, name: str, found: Finding) -> Finding:
    with explaining(f"ask who has the IoT policy {name}"):
        pages = cloud.iot.get_paginator("list_targets_for_policy").paginate(
            policyName=name, PaginationConfig={"PageSize": _PAGE, "MaxItems": _PAGE}
        )
        targets = [target for page in pages for target in page["targets"]]
    if not targets:
        return Finding(found.subject, WARNING, f"{found.text}; nothing has it", "delete it")
    certificates = sum(":cert/" in target for target in targets)
    others = len(targets) - certificates
    more = " or more" if len(targets) == _PAGE else ""
    who = [f"{certificates}{more} certificates"] * bool(certificates) + [f"{others}{more} groups"] * bool(others)
    return Finding(found.subject, found.level, f"{found.text}; {' and '.join(who)} have it", found.remedy)
