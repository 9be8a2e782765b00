"""An HTTPS server and an MQTT broker that misbehave as a test asks, and their certificates."""
