"""From what a process says to the one store: cleaned, in batches, and nobody waits."""
