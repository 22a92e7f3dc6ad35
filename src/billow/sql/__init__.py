"""An app's own database: `app.sql(...)`; see docs/sql.md."""

from __future__ import annotations

from billow.sql.connection import Connection, Row
from billow.sql.database import Database
from billow.sql.errors import ConstraintBroken

__all__ = ["Connection", "ConstraintBroken", "Database", "Row"]
