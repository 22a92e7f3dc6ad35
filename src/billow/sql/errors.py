"""What goes wrong with a database, beside what every part of Billow may raise."""

from __future__ import annotations

from billow.errors import Conflict


class ConstraintBroken(Conflict):
    """A row is there already, or what it refers to is not."""

    title = "Constraint broken"
