"""Webhooks: tell an owner's own server what happened, signed, and only where that is safe.

The signatures are those of Standard Webhooks, so any library that knows these can check them;
a receiver in Python uses `billow.webhooks.verify`.
"""

from billow.webhooks.signature import Unverified, Verified, verify

__all__ = ["Unverified", "Verified", "verify"]
