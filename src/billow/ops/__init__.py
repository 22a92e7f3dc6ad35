"""What is wrong, what was done about it, and whom it woke."""
