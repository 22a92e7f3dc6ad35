"""How available a service is: looked at, counted, promised, and told."""
