"""Flash that can lose power in any operation, and an ESP32 on it."""
