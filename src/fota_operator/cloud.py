"""AWS as the rest of this package sees it: clients, our account and region, and errors in our own words.

The only file that imports boto3, which takes half a second: the command imports this file late.
Leaves to others: what is asked of AWS.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlsplit

import boto3
from botocore import exceptions as aws
from botocore.config import Config
from botocore.httpsession import get_cert_path
from botocore.parsers import ResponseParserError

from fota_operator.aws_hosts import is_host_of_aws
from fota_operator.errors import (
    BadInput,
    CloudNotTrusted,
    CloudRefused,
    CloudUnreachable,
    NoCredentials,
    OperatorError,
)
from fota_operator.request_log import log_requests

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_iot_data import IoTDataPlaneClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 30
MAX_ATTEMPTS = 4

_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
_NO_AUTHORITIES = re.compile(r"\[Errno (2|13|20|21)\]|NO_CERTIFICATE|BAD_BASE64|\[PEM|\[ASN1")
"""The text in which boto3 reports that a file of CA certificates cannot be read or is empty, as if TLS had failed."""

_STAND_IN_ACCOUNT = "000000000000"
"""The account of the local AWS, and of other replacements for AWS; AWS itself has given it to nobody."""
_REGION_VARIABLE = "AWS_REGION"
"""Every other tool of AWS reads it first; boto3 reads AWS_DEFAULT_REGION alone."""
_BAD_CREDENTIALS = {
    "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId",
    "InvalidSignatureException", "SignatureDoesNotMatch", "UnrecognizedClientException",
}  # fmt: skip
_FORBIDDEN = {
    "403", "AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedException",
}  # fmt: skip
_OVERLOADED = {"LimitExceededException", "SlowDown", "Throttling", "ThrottlingException"}
_PASSING = {
    "500", "502", "503", "504",
    "InternalError", "InternalException", "InternalFailure", "InternalFailureException", "RequestLimitExceeded",
    "RequestTimeout", "ServiceUnavailable", "ServiceUnavailableException", "SlowDown", "Throttling",
    "ThrottlingException", "TooManyRequestsException",
}  # fmt: skip
"""The codes that AWS answers when it is overloaded or has trouble itself: a later try may succeed.

The numbers are those of an answer without a code, which comes from what stands in front of AWS.
"""


@dataclass(frozen=True)
class Access:
    """How to reach AWS, where that differs from what boto3 finds in the environment and ~/.aws."""

    endpoint_url: str | None = None
    ca_bundle: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"Access(endpoint_url={self.endpoint_url!r}, region={self.region!r})"


class _ClientOptions(TypedDict):
    endpoint_url: str | None
    verify: str | None
    config: Config


class Cloud:
    """One account in one region. Clients are made when first used."""

    def __init__(self, session: boto3.Session, access: Access) -> None:
        self._session = session
        self._access = access
        self.region: str = session.region_name
        self.region_from: str = _region_from(access)
        """Where the region was found."""

    @property
    def _options(self) -> "_ClientOptions":
        return {"endpoint_url": self._access.endpoint_url, "verify": self._access.ca_bundle, "config": _config()}

    @cached_property
    def iot(self) -> "IoTClient":
        """The control plane of AWS IoT: things, certificates, policies, jobs."""
        with explaining("make a client of AWS IoT"):
            return self._session.client("iot", **self._options)

    @cached_property
    def iot_data(self) -> "IoTDataPlaneClient":
        """The data plane of AWS IoT: shadows."""
        with explaining("make a client of the data plane of AWS IoT"):
            return self._session.client("iot-data", **self._options)

    @cached_property
    def s3(self) -> "S3Client":
        """Where images are stored."""
        with explaining("make a client of S3"):
            return self._session.client(
                "s3", endpoint_url=self._access.endpoint_url, verify=self._access.ca_bundle, config=_config()
            )

    @cached_property
    def kms(self) -> "KMSClient":
        """Keys that sign without leaving AWS."""
        with explaining("make a client of KMS"):
            return self._session.client("kms", **self._options)

    @cached_property
    def iam(self) -> "IAMClient":
        """Roles."""
        with explaining("make a client of IAM"):
            return self._session.client("iam", **self._options)

    @cached_property
    def sns(self) -> "SNSClient":
        """Who is told."""
        with explaining("make a client of SNS"):
            return self._session.client("sns", **self._options)

    @cached_property
    def caller_arn(self) -> str:
        """Who we are, as AWS sees it. *Asks* AWS."""
        with explaining("ask AWS who we are"):
            return self._session.client("sts", **self._options).get_caller_identity()["Arn"]

    @property
    def is_aws(self) -> bool:
        """Whether this is a host of AWS itself: no local AWS, and no proxy or private name of AWS either."""
        return is_host_of_aws(urlsplit(self.iot.meta.endpoint_url).hostname or "")

    @property
    def is_stand_in(self) -> bool:
        """Whether this is a replacement for AWS, and not AWS itself behind another host.

        *Asks* it, if its host is not AWS's.
        """
        return not self.is_aws and self.account_id == _STAND_IN_ACCOUNT

    @property
    def account_id(self) -> str:
        """The twelve digits of our account. *Asks* AWS."""
        return self.caller_arn.split(":")[4]

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`. *Asks* AWS."""
        return self.caller_arn.split(":")[1]


def connect(access: Access = Access()) -> Cloud:
    """The cloud that `access` and the environment describe. Asks nothing of it yet.

    *Raises* BadInput without a region or with an unknown profile.
    """
    with explaining("find the AWS account"):
        session = boto3.Session(
            aws_access_key_id=access.access_key_id,
            aws_secret_access_key=access.secret_access_key,
            aws_session_token=access.session_token,
            region_name=access.region or os.environ.get(_REGION_VARIABLE) or None,
        )
    if session.region_name is None:
        raise BadInput("no AWS region is set", "set AWS_REGION or AWS_DEFAULT_REGION, or a region in ~/.aws/config")
    log_requests(session)
    return Cloud(session, access)


def ca_bundle() -> Path:
    """The file of CA certificates that boto3 trusts if nobody names another."""
    return Path(get_cert_path(True) or "")


def _region_from(access: Access) -> str:
    if access.region is not None:
        return "the program"
    variables = (_REGION_VARIABLE, "AWS_DEFAULT_REGION")
    return next(
        (name for name in variables if os.environ.get(name)), "the configuration of AWS, such as ~/.aws/config"
    )


@contextmanager
def explaining(action: str) -> Iterator[None]:
    """Turn boto3's errors inside the block into ours; `action` completes "could not …"."""
    try:
        yield
    except aws.ClientError as error:
        raise _refusal(action, error) from error
    except (aws.NoCredentialsError, aws.PartialCredentialsError, aws.CredentialRetrievalError) as error:
        raise NoCredentials(
            f"could not {action}: {error}",
            "run `aws configure`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ) from error
    except (aws.NoRegionError, aws.ProfileNotFound, aws.ParamValidationError) as error:
        raise BadInput(f"could not {action}: {error}", "correct it and run this again") from error
    except (aws.ConnectionError, aws.HTTPClientError) as error:
        raise _no_answer(action, error) from error
    except ResponseParserError as error:
        raise CloudRefused(
            f"could not {action}: what came is no answer of AWS", "look at AWS_ENDPOINT_URL and the proxies", code=""
        ) from error
    except aws.BotoCoreError as error:
        raise OperatorError(f"could not {action}: {error}") from error
    except ValueError as error:
        # boto3 has no error of its own for an endpoint that is not a URL, for example without https://.
        raise BadInput(f"could not {action}: {error}", "correct AWS_ENDPOINT_URL: https://HOST:PORT") from error


def is_passing(error: OperatorError) -> bool:
    """Whether the same request may succeed a little later. boto3 itself has tried MAX_ATTEMPTS times."""
    if isinstance(error, CloudNotTrusted):
        return False
    return isinstance(error, CloudUnreachable) or (isinstance(error, CloudRefused) and error.code in _PASSING)


def is_forbidden(error: CloudRefused) -> bool:
    """Whether AWS refused because we may not ask that."""
    return error.code in _FORBIDDEN


def _no_answer(action: str, error: Exception) -> CloudUnreachable:
    # boto3 also raises SSLError for a connection that broke within TLS.
    if isinstance(error, aws.SSLError) and _UNTRUSTED in str(error):
        return CloudNotTrusted(
            f"could not {action}: the certificate of the server is not trusted ({_url_of(error)})",
            "if it has a CA of its own, as the local AWS has, name its file in AWS_CA_BUNDLE",
        )
    if isinstance(error, aws.SSLError) and _NO_AUTHORITIES.search(str(error)):
        return CloudNotTrusted(
            f"could not {action}: the file of CA certificates cannot be used ({error})",
            "name another in AWS_CA_BUNDLE, or unset it",
        )
    return CloudUnreachable(
        f"could not {action}: no answer from {_url_of(error)}", "check the network, the region and AWS_ENDPOINT_URL"
    )


def _refusal(action: str, error: aws.ClientError) -> OperatorError:
    word = error.response.get("Error", {})
    code = word.get("Code", "")
    said = word.get("Message", "")
    if said.lstrip().startswith("<"):
        return CloudRefused(
            f"could not {action}: {code}: a page came in the place of an answer of AWS",
            "if it stays so, look at AWS_ENDPOINT_URL and at the proxies on the way",
            code=code if code in _PASSING else "",
        )
    message = f"could not {action}: {code}: {said}"
    if code in _BAD_CREDENTIALS:
        return NoCredentials(message, "the AWS credentials in use are expired or wrong: renew them")
    if code in _FORBIDDEN:
        return CloudRefused(
            message,
            f"allow the action {error.operation_name} to the user or role whose credentials you use",
            code=code,
        )
    if code in _OVERLOADED:
        return CloudRefused(message, "AWS limits how often and how much: wait and run this again", code=code)
    return CloudRefused(message, code=code)


def _url_of(error: Exception) -> str:
    # What boto3 knows of the failed request; without its query, which may hold a signature.
    facts: dict[str, object] = getattr(error, "kwargs", {})
    return str(facts.get("endpoint_url") or "the endpoint").split("?", 1)[0]


def _config() -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
    )
