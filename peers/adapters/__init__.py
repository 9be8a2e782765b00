"""Connections of `aws.iot.mqtt` over clients that a program may have already, as the how-to describes them."""
