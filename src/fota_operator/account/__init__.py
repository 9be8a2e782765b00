"""An AWS account made ready for updates, and what is wrong with one."""
