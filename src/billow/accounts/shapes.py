"""How accounts and what is theirs look as JSON. Hashes of passwords are never part of it."""

from __future__ import annotations

import json
from typing import Any

from billow.ports.accounts import Account, AuditEntry, Session, Token


def account_shape(account: Account) -> dict[str, Any]:
    """An account."""
    return {
        "id": account.id,
        "email": account.email,
        "name": account.name,
        "plan": account.plan,
        "role": account.role,
        "has_password": account.password is not None,
        "verified": account.verified_at,
        "created": account.created,
        "disabled": account.disabled_at,
    }


def session_shape(session: Session) -> dict[str, Any]:
    """A session; `id` is what `Sessions.end_one` takes, and no way in."""
    return {
        "id": session.hash,
        "created": session.created,
        "seen": session.seen,
        "expires": session.expires,
        "agent": session.agent,
        "address": session.address,
    }


def token_shape(token: Token) -> dict[str, Any]:
    """An API token; `id` is what `Tokens.end` takes, and no way in."""
    return {
        "id": token.hash,
        "name": token.name,
        "scopes": token.scopes.split(),
        "created": token.created,
        "expires": token.expires,
        "used": token.used,
    }


def entry_shape(entry: AuditEntry) -> dict[str, Any]:
    """An entry of the audit log."""
    return {
        "seq": entry.seq,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "detail": json.loads(entry.detail),
        "seal": entry.mac,
    }
