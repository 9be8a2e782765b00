"""What a rollout has in AWS: its plan, its jobs, its groups and its tags."""
