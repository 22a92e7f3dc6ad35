"""A process of the app's own that lives as long as the service: what `@app.process` runs."""

from billow.process.process import Process

__all__ = ["Process"]
