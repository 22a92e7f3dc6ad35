"""What cannot be shown."""

from __future__ import annotations


class BadPicture(ValueError):
    """The file is no picture that can be shown, or what is asked of it is impossible; says why."""
