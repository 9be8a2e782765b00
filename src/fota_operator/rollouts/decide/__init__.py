"""What the plan and a snapshot of AWS mean: the status of a rollout and its next step. Pure."""
