"""The render pool: makes renditions in child processes with limits, apart from the web servers."""
