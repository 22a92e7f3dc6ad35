"""The keeper: starts everything that a service consists of, and keeps it running."""

from billow.keeper.run import run
from billow.keeper.view import PlainView, View

__all__ = ["PlainView", "View", "run"]
