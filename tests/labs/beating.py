"""Programs for a `BootLab` that promise a heartbeat, and keep or break that promise."""

IMPORTS = "from aws.iot import fota as awsfota\n"

BY_HAND = """
import socket
def say(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(text if isinstance(text, bytes) else text.encode(), os.environ["NOTIFY_SOCKET"])
"""

PROMISES = IMPORTS + "awsfota.alive(0.5)\ntell('promised')\n"
HANGS = PROMISES + "time.sleep(1000)\n"
"""It promises a sign of life each half second, and gives no other one."""

BEATS_FOR_S = (
    IMPORTS
    + """
awsfota.alive(1.5)
tell("promised")
def beat_for(duration_s):
    end_s = time.monotonic() + duration_s
    while time.monotonic() < end_s:
        awsfota.alive(1.5)
        time.sleep(0.02)
"""
)
BEATS = BEATS_FOR_S + "beat_for(1000)\n"
"""It keeps its promise, and does nothing else. It promises less: a machine under load is late."""

STUCK_LOOP = "while True:\n    time.sleep(0.01)\n"
"""It works, and never comes back."""
