"""Makes the private key of a device, and the signing request for AWS IoT. It writes no file.

The key is P-256, since every device supports it and its handshake is the cheapest.
"""

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_MAX_COMMON_NAME = 64


def new_key_and_request(thing: str) -> tuple[bytes, str]:
    """A fresh private key as PEM, and the signing request for it as PEM.

    The name in it is for people: AWS IoT identifies a device by the thing that its certificate is attached to.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, thing[:_MAX_COMMON_NAME])])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key_pem, request.public_bytes(serialization.Encoding.PEM).decode()
