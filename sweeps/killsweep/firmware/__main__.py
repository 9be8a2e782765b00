"""The firmware of the sweep: takes its updates and says when it has nothing left to do.

Small, since its start is most of what a point costs. Started by `fota-boot --home DIR -- CREDENTIALS`.
"""

import json
import logging
import sys
import time
from pathlib import Path

if sys.flags.isolated:
    # In a bundle, which sees no package that is installed on the device.
    sys.path.insert(0, str(Path(__file__).with_name("packages.zip")))

from aws.iot import fota as awsfota
from aws.iot import iot, jobs

LOOK_PERIOD_S = 0.05


def version() -> str:
    """The version in this image."""
    facts = globals()["__loader__"].get_data(str(Path(__file__).with_name("fota-image.json")))
    return str(json.loads(facts)["version"])


def connected_thing(folder: Path) -> iot.Thing:
    """The thing whose credentials are in `folder`."""
    conf = json.loads((folder / "thing.conf.json").read_text())
    thing = iot.Thing(
        conf["endpoint"],
        conf["mqttid"],
        str(folder / "certificate.pem.crt"),
        str(folder / "private.pem.key"),
        thingname=conf["thingname"],
        cacert=str(folder / conf["cacert"]),
    )
    thing.mqtt.connect()
    return thing


def main() -> None:
    """Finish what an update left to do, then look for jobs; `idle` is said after every look."""
    said = f"firmware {version()}"
    print(f"{said} starts", flush=True)
    myjobs = jobs.Jobs(connected_thing(Path(sys.argv[1])))
    while True:
        awsfota.handle_fota_jobs(myjobs, force=True)
        print(f"{said} idle", flush=True)
        while not myjobs.changed():
            time.sleep(LOOK_PERIOD_S)


logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
main()
