"""The process that runs a function: a parent that leases and records, and a child that works."""
