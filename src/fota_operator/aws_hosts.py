"""The names of AWS's own hosts, in each of its partitions. Pure."""

_SUFFIXES = {
    "aws": ("amazonaws.com", "api.aws"),
    "aws-cn": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "aws-eusc": ("amazonaws.eu", "api.amazonwebservices.eu"),
    "aws-iso": ("c2s.ic.gov", "api.aws.ic.gov"),
    "aws-iso-b": ("sc2s.sgov.gov", "api.aws.scloud"),
    "aws-iso-e": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "aws-iso-f": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    "aws-us-gov": ("amazonaws.com", "api.aws"),
}
"""The domains of a partition: of hosts for IPv4 alone, and of dual-stack hosts."""
_DOMAINS = tuple(sorted({f".{one}" for suffixes in _SUFFIXES.values() for one in suffixes}))


def is_host_of_aws(host: str) -> bool:
    """Whether a host is one of AWS's own: of any partition, for IPv4 only or dual-stack."""
    return host.lower().endswith(_DOMAINS)


def domain_of(partition: str) -> str:
    """The domain of a partition's hosts; that of most regions for one that is not known here."""
    return _SUFFIXES.get(partition, _SUFFIXES["aws"])[0]
