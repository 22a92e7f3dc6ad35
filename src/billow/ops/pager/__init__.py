"""The pager: a process that sees to timers and sends what incidents have to say.

It alone sends, holds a lock while it does, and keeps nothing in its memory that matters: killed at
any line, the next one goes on from what is written down.
"""
