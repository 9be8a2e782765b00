"""Gets a device a certificate of its own, with a claim certificate that many devices share. It is run once.

python claim.py CLAIM TEMPLATE SERIAL DEVICE

CLAIM is a folder with claim.pem.crt, claim.pem.key and claim.json (`endpoint`, and `cacert` if it is not the
system's). DEVICE becomes what `fota things add` makes: the private key is made in it, and never leaves it. A run that
was interrupted can be repeated; thing.conf.json is written last.
AWS: https://docs.aws.amazon.com/iot/latest/developerguide/fleet-provision-api.html
"""

import json
import os
import queue
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aws.iot import iot

ANSWER_WITHIN_S = 30
CERTIFY = "$aws/certificates/create-from-csr/json"
REGISTER = "$aws/provisioning-templates/{}/provision/json"


def write(path: Path, content: bytes, mode: int) -> None:
    """A whole file or none, also after a power cut."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    beside.replace(path)


def own_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The key of this device: the one that is there, or a new one."""
    if path.exists():
        return serialization.load_pem_private_key(path.read_bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    encoding, form, secret = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write(path, key.private_bytes(encoding, form, secret), 0o600)
    return key


def signing_request(key: ec.EllipticCurvePrivateKey, serial: str) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, serial)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def ask(mqtt: object, topic: str, payload: dict) -> dict:
    """AWS's answer to a request. *Raises* SystemExit if it is refused, or does not come in time."""
    answers: queue.Queue = queue.Queue()
    for kind in ("accepted", "rejected"):
        mqtt.subscribe(f"{topic}/{kind}", lambda _topic, text, kind=kind: answers.put((kind, json.loads(text))))
    mqtt.publish(topic, payload)
    try:
        kind, answer = answers.get(timeout=ANSWER_WITHIN_S)
    except queue.Empty:
        raise SystemExit(f"{topic}: no answer within {ANSWER_WITHIN_S} s") from None
    if kind == "rejected":
        raise SystemExit(f"{topic}: refused: {answer.get('errorCode')}: {answer.get('errorMessage')}")
    return answer


def provision(mqtt: object, claim: dict, template: str, serial: str, device: Path) -> None:
    """Ask for the certificate and the thing, and write the folder of the device."""
    device.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = own_key(device / "private.pem.key")
    certified = ask(mqtt, CERTIFY, {"certificateSigningRequest": signing_request(key, serial)})
    token = certified["certificateOwnershipToken"]  # A password until it is used: it is in no log.
    registered = ask(
        mqtt,
        REGISTER.format(template),
        {"certificateOwnershipToken": token, "parameters": {"SerialNumber": serial}},
    )
    name = registered["thingName"]
    write(device / "certificate.pem.crt", certified["certificatePem"].encode(), 0o644)
    conf = {"endpoint": claim["endpoint"], "mqttid": name, "thingname": name}
    if "cacert" in claim:
        write(device / "cacert.pem", claim["cacert"].encode(), 0o644)
        conf["cacert"] = "cacert.pem"
    write(device / "thing.conf.json", json.dumps(conf, indent=2).encode() + b"\n", 0o644)


def connect(folder: Path, claim: dict, serial: str) -> iot.Thing:
    thing = iot.Thing(
        claim["endpoint"],
        f"claim-{serial}",
        str(folder / "claim.pem.crt"),
        str(folder / "claim.pem.key"),
        cacert=claim.get("cacert"),
    )
    thing.mqtt.connect()
    return thing


def main() -> None:
    folder, template, serial, device = Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4])
    if (device / "thing.conf.json").exists():
        print(f"{device} is provisioned already")
        return
    claim = json.loads((folder / "claim.json").read_text())
    thing = connect(folder, claim, serial)
    try:
        provision(thing.mqtt, claim, template, serial, device)
    finally:
        thing.mqtt.close()
    print(f"{device} is provisioned")


if __name__ == "__main__":
    main()
