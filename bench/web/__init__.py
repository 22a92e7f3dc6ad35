"""Web servers side by side: the whole request of a photo site, faults, and overload."""
