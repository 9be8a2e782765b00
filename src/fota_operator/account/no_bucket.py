"""The error for a bucket that does not exist: it leads to the one that is meant, before it proposes another one."""

from fota_operator.account.names import default_bucket
from fota_operator.cloud import Cloud
from fota_operator.errors import NotFound
from fota_operator.nearest import bucket_names, or_nearest


def no_bucket(cloud: Cloud, bucket: str) -> NotFound:
    """The error, with a bucket of a similar name if the account has one, as it has in another region."""
    if bucket == default_bucket(cloud):
        remedy = "look at the region, name another with `bucket`, or make it with `fota bootstrap`"
    else:
        remedy = f"look at its name; a new one is made by `fota bootstrap bucket={bucket}`"
    return NotFound(f"there is no bucket {bucket}", or_nearest(remedy, bucket, lambda: bucket_names(cloud)))
