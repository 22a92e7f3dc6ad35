"""Photos made smaller, turned, captioned and safe to show. Knows nothing of the site around it."""

from pictures.errors import BadPicture
from pictures.facts import Facts, read_facts
from pictures.opened import KINDS
from pictures.render import render

__all__ = ["KINDS", "BadPicture", "Facts", "read_facts", "render"]
