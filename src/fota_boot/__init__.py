"""What only a Linux gateway runs: the boot chooser's command, provisioning, and the doctor."""
