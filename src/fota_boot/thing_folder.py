"""The names of the files in a thing's folder, which `fota things add` makes and a gateway's program reads."""

CONF = "thing.conf.json"
"""This file says where the device connects, and under which name."""

CERTIFICATE = "certificate.pem.crt"
PRIVATE_KEY = "private.pem.key"
CACERT = "cacert.pem"
