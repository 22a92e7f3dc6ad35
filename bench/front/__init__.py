"""What the front costs, beside nginx and haproxy."""
