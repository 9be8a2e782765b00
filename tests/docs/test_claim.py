"""Fleet provisioning by claim, as far as the local AWS goes: it answers all but CreateCertificateFromCsr over MQTT.

So that one answer is replaced: the local AWS makes a certificate for a key of its own, and its token. All else is
real: the claim certificate and what it may do, RegisterThing by a template, the thing and its policy.
"""

import importlib.util
import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fota_operator.local.aws import LocalAws
from tests.labs.docs_pages import ROOT

pytestmark = pytest.mark.e2e

CREATE = "$aws/certificates/create/json"
TEMPLATE = {
    "Parameters": {"SerialNumber": {"Type": "String"}, "AWS::IoT::Certificate::Id": {"Type": "String"}},
    "Resources": {
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"},
        },
        "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "claimed-device"}},
        "thing": {
            "Type": "AWS::IoT::Thing",
            "Properties": {"ThingName": {"Fn::Join": ["", ["pump-", {"Ref": "SerialNumber"}]]}},
        },
    },
}


class AnswersSigningRequests:
    """A connection on which CreateCertificateFromCsr is answered, with what CreateKeysAndCertificate gives."""

    def __init__(self, mqtt: Any, certify: str) -> None:  # Any: the connection of a thing
        self._mqtt = mqtt
        self._certify = certify
        self.requests: list[str] = []

    def subscribe(self, topic: str, callback: Callable[[str, bytes], None]) -> None:
        self._mqtt.subscribe(topic.replace(self._certify, CREATE), callback)

    def publish(self, topic: str, payload: dict[str, str]) -> None:
        if topic == self._certify:
            self.requests.append(payload["certificateSigningRequest"])
            topic, payload = CREATE, {}
        self._mqtt.publish(topic, payload)


@pytest.fixture
def claim_py() -> Any:  # Any: the program of the example has no types for its names
    spec = importlib.util.spec_from_file_location("claim", ROOT / "examples/factory/claim.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def template(local_aws: LocalAws) -> str:
    iot = local_aws.cloud().iot
    iot.create_policy(
        policyName="claimed-device",
        policyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]}
        ),
    )
    iam = local_aws.cloud().iam
    trust = {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="registers-things",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    # What AWS's own policy AWSIoTThingsRegistration is for.
    may = {"Effect": "Allow", "Action": "iot:*", "Resource": "*"}
    iam.put_role_policy(
        RoleName="registers-things",
        PolicyName="register",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]}),
    )
    iot.create_provisioning_template(
        templateName="pumps",
        templateBody=json.dumps(TEMPLATE),
        enabled=True,
        provisioningRoleArn=role["Role"]["Arn"],
    )
    return "pumps"


@pytest.fixture
def claim(local_aws: LocalAws, template: str, tmp_path: Path) -> Path:
    """The folder of a claim certificate."""
    made = local_aws.cloud().iot.create_provisioning_claim(templateName=template)
    folder = tmp_path / "claim"
    folder.mkdir()
    (folder / "claim.pem.crt").write_text(made["certificatePem"])
    (folder / "claim.pem.key").write_text(made["keyPair"]["PrivateKey"])
    conf = {"endpoint": local_aws.status().device_endpoint, "cacert": local_aws.ca_bundle.read_text()}
    (folder / "claim.json").write_text(json.dumps(conf))
    return folder


@pytest.fixture
def connected(claim_py: Any, claim: Path) -> Iterator[Any]:
    thing = claim_py.connect(claim, json.loads((claim / "claim.json").read_text()), "7")
    yield thing.mqtt
    thing.mqtt.close()


def test_a_device_gets_its_thing_and_aws_gets_only_a_request_for_the_key_of_the_device(
    local_aws: LocalAws, claim_py: Any, claim: Path, connected: Any, template: str, tmp_path: Path
) -> None:
    conf = json.loads((claim / "claim.json").read_text())
    mqtt = AnswersSigningRequests(connected, claim_py.CERTIFY)
    device = tmp_path / "device"

    claim_py.provision(mqtt, conf, template, "7", device)

    found = json.loads((device / "thing.conf.json").read_text())
    assert found == {
        "endpoint": conf["endpoint"],
        "mqttid": "pump-7",
        "thingname": "pump-7",
        "cacert": "cacert.pem",
    }
    iot = local_aws.cloud().iot
    (principal,) = iot.list_thing_principals(thingName="pump-7")["principals"]
    described = iot.describe_certificate(certificateId=principal.rsplit("/", 1)[-1])["certificateDescription"]
    assert described["status"] == "ACTIVE"
    assert described["certificatePem"] == (device / "certificate.pem.crt").read_text()
    (request,) = mqtt.requests
    key_file = device / "private.pem.key"
    key = load_pem_private_key(key_file.read_bytes(), None)
    assert x509.load_pem_x509_csr(request.encode()).public_key() == key.public_key()
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_a_refusal_is_told_and_leaves_no_provisioned_device_and_the_key_is_used_again(
    claim_py: Any, claim: Path, connected: Any, template: str, tmp_path: Path
) -> None:
    conf = json.loads((claim / "claim.json").read_text())
    mqtt = AnswersSigningRequests(connected, claim_py.CERTIFY)
    device = tmp_path / "device"
    real = claim_py.ask
    claim_py.ask = lambda mqtt, topic, payload: real(
        mqtt, topic, {**payload, "certificateOwnershipToken": "forged"} if "provision" in topic else payload
    )
    with pytest.raises(SystemExit, match="refused: InvalidCertificateOwnershipToken"):
        claim_py.provision(mqtt, conf, template, "8", device)
    assert [path.name for path in device.iterdir()] == ["private.pem.key"]
    key = (device / "private.pem.key").read_bytes()

    claim_py.ask = real
    claim_py.provision(mqtt, conf, template, "8", device)

    assert (device / "private.pem.key").read_bytes() == key


def test_the_local_aws_lets_a_claim_ask_for_a_request_to_be_signed_but_gives_no_answer(
    claim_py: Any, claim: Path, connected: Any, template: str, tmp_path: Path
) -> None:
    claim_py.ANSWER_WITHIN_S = 1
    with pytest.raises(SystemExit, match="create-from-csr/json: no answer within 1 s"):
        claim_py.provision(
            connected, json.loads((claim / "claim.json").read_text()), template, "9", tmp_path / "device"
        )
    # Were it not allowed, the broker would have ended the connection.
    assert connected.is_connected()
