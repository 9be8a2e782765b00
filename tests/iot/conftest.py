"""The fixtures of this folder."""

from iot.lab import lab, seeded
from iot.mqtt_lab import mqtt_lab

__all__ = ("lab", "mqtt_lab", "seeded")
