"""Logging in at an OpenID provider: authorization code flow with state, nonce and PKCE.

A log-in that has begun is one id. State, nonce and PKCE verifier are made from it and the home's
key, so none fits another log-in, and the row that ends it is taken once.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client.errors import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.httpx_client import OAuth2Client  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from billow.accounts import codes
from billow.accounts.emails import Email, check_email
from billow.accounts.errors import NotLoggedIn
from billow.accounts.office import Office, by_email
from billow.accounts.secret import Secret, derive
from billow.accounts.service import AccountService
from billow.accounts.sessions import NOWHERE, LoggedIn, Visit
from billow.accounts.signup import new_account
from billow.accounts.throttle import Counted, Limit, network
from billow.errors import BadInput, SettingError, Unavailable
from billow.ports.accounts import Account, Books, Identity

#: Signatures that are taken: made with a private key, so that nobody with the client's secret, or
#: with none, can make one.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")

#: Log-ins that one network begins.
_BEGINS = Limit("openid from", free=30)

_TIMEOUT = 10.0
#: What the provider tells about itself is asked for again after so many seconds of real time.
_KEEP = 3600.0
#: Seconds by which the provider's clock and ours may differ.
_LEEWAY = 60
_MAX_NAME = 100
_REFUSED = "the log-in at the provider did not succeed; try again"
#: What comes of a provider that does not answer as one.
_NO_ANSWER = (httpx2.HTTPError, JoseError, KeyError, TypeError, ValueError)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Provider(NamedTuple):
    """A provider, as this service is registered there."""

    #: What people call it.
    name: str
    #: Its address, exactly as it calls itself; https, unless it is on this machine.
    issuer: str
    client_id: str
    client_secret: Secret
    scope: str = "openid email profile"


class Begun(NamedTuple):
    """Send the browser to `url`, and have it keep `state` in a cookie until it comes back."""

    url: str
    state: Secret


class _About(NamedTuple):
    """What the provider tells about itself."""

    told: Mapping[str, Any]
    keys: KeySet
    at: float


class OpenId:
    """Log-ins at one provider.

    Args:
        service: the accounts.
        provider: where people log in.
        redirect: the address that the provider sends the browser back to.

    Raises:
        SettingError: the issuer is not https.
    """

    def __init__(self, service: AccountService, provider: Provider, redirect: str) -> None:
        self._office: Office = service.office
        self._sessions = service.sessions
        self._door = service.door
        self._provider = provider
        self._redirect = redirect
        self._about: _About | None = None
        #: Made once, as reading the certificates of authorities takes a tenth of a second.
        self._tls = ssl.create_default_context()
        _check_address(provider.issuer)

    def begin(self, visit: Visit = NOWHERE) -> Begun:
        """Begin a log-in.

        Raises:
            TooMany: too many were begun from there of late.
            Unavailable: the provider does not answer.
        """
        self._door.charge(Counted(_BEGINS, network(visit.address)))
        about, key, now = self._describe(), self._office.store.key(), self._office.now()
        subject, lifetime = self._provider.issuer, self._office.rules.code_for
        id_ = self._office.store.change(
            lambda books: codes.issue(books, key, codes.OIDC, subject, now, lifetime)
        )
        state = codes.reveal(key, codes.OIDC, id_)
        with self._client() as client:
            url, _ = client.create_authorization_url(
                about.told["authorization_endpoint"],
                state=state.reveal(),
                nonce=self._nonce(state).reveal(),
                code_verifier=self._verifier(state).reveal(),
            )
        return Begun(url, state)

    def finish(
        self, answer: Mapping[str, str], state: Secret | None, visit: Visit = NOWHERE
    ) -> LoggedIn:
        """End a log-in: a session of the account that belongs to who logged in there.

        Args:
            answer: the query that the browser came back with.
            state: what it kept in its cookie.
            visit: where the browser is.

        Raises:
            NotLoggedIn: the answer does not belong to this browser, was used before, or is not
                right; the provider refused; its address is not verified; the account is disabled.
            Unavailable: the provider does not answer.
        """
        self._take(answer, state)
        assert state is not None
        if answer.get("error") or not answer.get("code"):
            raise NotLoggedIn(_REFUSED)
        claims = self._claims(answer["code"], state)

        def work(books: Books) -> LoggedIn | None:
            account = self._account(books, claims)
            if account is None or account.disabled_at is not None:
                return None
            detail = {"address": visit.address, "issuer": self._provider.issuer}
            self._office.note(books, account.id, "logged in", account.id, **detail)
            return self._sessions.open(books, account, visit)

        done = self._office.store.change(work)
        if done is None:
            raise NotLoggedIn("this log-in has no account here that can be used")
        return done

    def _take(self, answer: Mapping[str, str], state: Secret | None) -> None:
        """Make sure that this browser began this log-in, and that it ends once."""
        if state is None or Secret(answer.get("state", "")) != state:
            raise NotLoggedIn(_REFUSED)
        now = self._office.now()
        taken = self._office.store.change(lambda books: codes.take(books, codes.OIDC, state, now))
        issuer = answer.get("iss", self._provider.issuer)
        if taken is None or taken.subject != self._provider.issuer or issuer != taken.subject:
            raise NotLoggedIn(_REFUSED)

    def _account(self, books: Books, claims: Mapping[str, Any]) -> Account | None:
        """Whose log-in this is: known already, or by a verified address, or new."""
        key = f"{self._provider.issuer} {claims['sub']}"
        known = books.identities.get(key)
        if known is not None:
            return books.accounts.get(known.account)
        email = _verified_email(claims)
        if email is None:
            return None
        account = by_email(books, email.key)
        if account is None:
            account = self._make(books, email, str(claims.get("name", "")))
        elif account.verified_at is None or account.disabled_at is not None:
            return None
        books.identities.add(Identity(key, account.id, self._office.now()))
        issuer = self._provider.issuer
        self._office.note(books, account.id, "linked a provider", account.id, issuer=issuer)
        return account

    def _make(self, books: Books, email: Email, name: str) -> Account:
        label = "".join(c for c in name if c.isprintable()).strip()[:_MAX_NAME]
        account = new_account(email, label, self._office.now())
        books.accounts.add(account)
        codes.drop(books, email.key)
        self._office.note(books, account.id, "made an account", account.id)
        return account

    def _claims(self, code: str, state: Secret) -> Mapping[str, Any]:
        """What the provider says about who logged in, proved by its signature."""
        about = self._describe()
        try:
            with self._client() as client:
                token = client.fetch_token(
                    about.told["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=self._verifier(state).reveal(),
                )
            return self._verify(token["id_token"], about, state)
        except httpx2.HTTPError as problem:
            raise _unreachable(self._provider) from problem
        except (OAuthError, JoseError, KeyError, TypeError, ValueError):
            raise NotLoggedIn(_REFUSED) from None

    def _verify(self, token: str, about: _About, state: Secret) -> Mapping[str, Any]:
        try:
            decoded = jwt.decode(token, about.keys, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):
            keys = self._describe(anew=True).keys  # the provider may have changed them
            decoded = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
        registry = jwt.JWTClaimsRegistry(
            now=int(self._office.now()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": self._provider.issuer},
            aud={"essential": True, "value": self._provider.client_id},
            nonce={"essential": True, "value": self._nonce(state).reveal()},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        registry.validate(decoded.claims)
        if decoded.claims.get("azp", self._provider.client_id) != self._provider.client_id:
            raise NotLoggedIn(_REFUSED)
        return decoded.claims

    def _describe(self, anew: bool = False) -> _About:
        """What the provider tells about itself, asked for now and then."""
        held = self._about
        if held is None or anew or time.monotonic() - held.at > _KEEP:
            self._about = held = self._ask()
        return held

    def _ask(self) -> _About:
        issuer = self._provider.issuer
        try:
            with httpx2.Client(timeout=_TIMEOUT, verify=self._tls) as client:
                place = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
                told = client.get(place).raise_for_status().json()
                if told["issuer"] != issuer:
                    raise ValueError("it calls itself something else")
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    _check_address(told[name])
                keys = client.get(told["jwks_uri"]).raise_for_status().json()
            return _About(told, KeySet.import_key_set(keys), time.monotonic())
        except (*_NO_ANSWER, SettingError) as problem:
            raise _unreachable(self._provider) from problem

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            client_id=self._provider.client_id,
            client_secret=self._provider.client_secret.reveal(),
            scope=self._provider.scope,
            redirect_uri=self._redirect,
            code_challenge_method="S256",
            timeout=_TIMEOUT,
            verify=self._tls,
        )

    def _nonce(self, state: Secret) -> Secret:
        return derive(self._office.store.key(), f"oidc nonce {state.reveal()}")

    def _verifier(self, state: Secret) -> Secret:
        return derive(self._office.store.key(), f"oidc verifier {state.reveal()}")


def _verified_email(claims: Mapping[str, Any]) -> Email | None:
    """The address, if the provider says that it has verified it."""
    said = claims.get("email_verified")
    if said is not True and said != "true":  # some write it as text
        return None
    try:
        return check_email(str(claims.get("email", "")))
    except BadInput:
        return None


def _check_address(address: str) -> None:
    """Raises SettingError if what goes to `address` could be read on the way."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise SettingError(f"{address!r}: an OpenID provider is reached by https")


def _unreachable(provider: Provider) -> Unavailable:
    return Unavailable(f"{provider.name} cannot be reached at this moment", retry_after=10)
