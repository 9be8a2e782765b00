"""`fota-boot --doctor`: looks at a device, on the device, and says what is wrong with it and what to do."""
