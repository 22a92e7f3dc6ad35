"""What metrics, logs and traces cost, beside a build that has none of them."""
