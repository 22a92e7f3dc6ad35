"""How soon a service is up, what it costs when idle, and how its fleet takes a burst."""
