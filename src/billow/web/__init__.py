"""The web process: the HTTP API in `api/`, the console in `pages/`, one Starlette application."""
