"""How many workers: observe, decide by a policy, control."""
