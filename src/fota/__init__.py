"""The update on the device: slots, boot record, trial, install. Knows no cloud."""
