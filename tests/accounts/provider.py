"""An OpenID provider, by Authlib's server side: `python provider.py PORT`.

Everybody who comes is logged in, as the person that was last posted to `/next`. Its `twist` makes
the provider do one thing wrong.
"""

from __future__ import annotations

import os
import sys
import time
from base64 import urlsafe_b64encode
from collections import defaultdict
from typing import Any

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import uvicorn
from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Payload, OAuth2Request  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant  # type: ignore[import-untyped]
from authlib.oauth2.rfc6750 import BearerTokenGenerator  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import CodeChallenge  # type: ignore[import-untyped]
from authlib.oidc.core import OpenIDCode, UserInfo  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "billow-test", "the client's secret"
KEYS = [RSAKey.generate_key(2048, {"kid": f"k{number}", "use": "sig"}) for number in range(2)]


class State:
    """What the provider knows."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {}
        self.twist = ""
        self.codes: dict[str, Code] = {}
        self.issuer = ""
        self.redirect = ""


STATE = State()


class Client:
    id_token_signed_response_alg = "RS256"

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return STATE.redirect

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return uri == STATE.redirect

    def check_client_secret(self, secret: str) -> bool:
        return secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind == "authorization_code"


class Code:
    """An authorization code, and what it was asked for with."""

    def __init__(self, code: str, request: OAuth2Request) -> None:
        data = request.payload.data
        self.code = code
        self.user = request.user
        self.redirect = data["redirect_uri"]
        self.scope = data["scope"]
        self.nonce = data.get("nonce")
        self.code_challenge = data.get("code_challenge")
        self.code_challenge_method = data.get("code_challenge_method")

    def get_redirect_uri(self) -> str:
        return str(self.redirect)

    def get_scope(self) -> str:
        return str(self.scope)

    def get_nonce(self) -> Any:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        STATE.codes[code] = Code(code, request)

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        return STATE.codes.get(code)

    def delete_authorization_code(self, code: Code) -> None:
        del STATE.codes[code.code]

    def authenticate_user(self, code: Code) -> Any:
        return code.user


class Twisted(OpenIDCode):  # type: ignore[misc]
    """ID tokens, right or with one thing wrong."""

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        return any(code.nonce == nonce for code in STATE.codes.values())

    def resolve_client_private_key(self, client: Client) -> RSAKey:
        return KEYS[0]

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": STATE.issuer, "aud": [CLIENT]}

    def generate_user_info(self, user: dict[str, Any], scope: str) -> UserInfo:
        return UserInfo(**user)

    def encode_id_token(self, token: dict[str, Any], request: OAuth2Request) -> str:
        right = str(super().encode_id_token(token, request))
        claims = dict(jwt.decode(right, KEYS[0]).claims)
        header = {"alg": "RS256", "kid": "k0"}
        match STATE.twist:
            case "nonce":
                claims["nonce"] = "another"
            case "no nonce":
                del claims["nonce"]
            case "audience":
                claims["aud"] = ["another"]
            case "party":
                claims |= {"aud": [CLIENT, "another"], "azp": "another"}
            case "issuer":
                claims["iss"] = "https://another.example.org"
            case "expired":
                claims["exp"] = int(time.time()) - 3600
            case "key":
                return jwt.encode(header, claims, RSAKey.generate_key(2048))
            case "alg none":
                return f"{_bare(right)}."
            case "altered":
                return right[:-4] + ("AAAA" if right[-4:] != "AAAA" else "BBBB")
        return jwt.encode(header, claims, KEYS[0])


def _bare(token: str) -> str:
    header = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}"


class Payload(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, data: dict[str, str]) -> None:
        self._data = data

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, {key: [value] for key, value in self._data.items()})


class Asked(OAuth2Request):  # type: ignore[misc]
    def __init__(self, request: Request, form: dict[str, str]) -> None:
        super().__init__(request.method, str(request.url), headers=request.headers)
        self._form, self._args = form, dict(request.query_params)
        self.payload = Payload(self._args | form)

    @property
    def args(self) -> dict[str, str]:
        return self._args

    @property
    def form(self) -> dict[str, str]:
        return self._form


class Server(AuthorizationServer):  # type: ignore[misc]
    def query_client(self, client_id: str) -> Client | None:
        return Client() if client_id == CLIENT else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        pass

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        pass

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        if isinstance(body, dict):
            return JSONResponse(body, status, dict(headers))
        return Response(body, status, dict(headers))


SERVER = Server()
SERVER.register_grant(CodeGrant, [Twisted(require_nonce=True), CodeChallenge(required=True)])
SERVER.register_token_generator("default", BearerTokenGenerator(lambda *_, **__: "access"))


async def next_person(request: Request) -> Response:
    told = await request.json()
    STATE.person, STATE.twist = told["person"], told.get("twist", "")
    STATE.redirect = told.get("redirect", STATE.redirect)
    return JSONResponse({})


async def about(request: Request) -> Response:
    at = STATE.issuer
    claimed = "https://another.example.org" if STATE.twist == "about" else at
    return JSONResponse(
        {
            "issuer": claimed,
            "authorization_endpoint": f"{at}/authorize",
            "token_endpoint": f"{at}/token",
            "jwks_uri": f"{at}/keys",
        }
    )


async def keys(request: Request) -> Response:
    shown = KEYS[1:] if STATE.twist == "old keys" else KEYS
    return JSONResponse({"keys": [key.as_dict(private=False) for key in shown]})


async def authorize(request: Request) -> Response:
    asked = Asked(request, {})
    grant = SERVER.get_consent_grant(asked, STATE.person or None)
    made: Response = SERVER.create_authorization_response(asked, STATE.person or None, grant)
    return made


async def token(request: Request) -> Response:
    form = {key: str(value) for key, value in (await request.form()).items()}
    made: Response = SERVER.create_token_response(Asked(request, form))
    return made


APP = Starlette(
    routes=[
        Route("/next", next_person, methods=["POST"]),
        Route("/.well-known/openid-configuration", about),
        Route("/keys", keys),
        Route("/authorize", authorize),
        Route("/token", token, methods=["POST"]),
    ]
)

if __name__ == "__main__":
    STATE.issuer = f"http://127.0.0.1:{sys.argv[1]}"
    uvicorn.run(APP, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
