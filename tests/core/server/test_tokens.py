"""Tokens: signed by the right one, for here, for now, and for no more than their key."""

from __future__ import annotations

import base64
import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from tests.core.server.guarded import guarded

from agentmem_core.errors import (
    AuthenticationError,
    InvalidInputError,
    NotConfiguredError,
    PermissionDeniedError,
    ServerUnavailableError,
)
from agentmem_core.model.keys import ApiKey
from agentmem_core.server.security import Tokens, TokenSettings
from agentmem_core.server.security import issuers as issuers_module
from agentmem_core.server.security.keys import now_utc

SECRET = "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789"
IN_JWKS = b"a secret that stands in a set of public keys, by mistake"
ISSUER, AUDIENCE = "https://id.example.org/", "agentmem-test"
RSA, OTHER_RSA = (rsa.generate_private_key(65537, 2048) for _ in range(2))
ED = ed25519.Ed25519PrivateKey.generate()


def key(**given):
    return ApiKey(**{"id": "key_1", "tenant": "acme", "role": "write", "created_at": datetime.now(UTC), **given})


def ours(clock=now_utc):
    return Tokens(TokenSettings(secret=SECRET), clock)


def claims(**given):
    now = int(datetime.now(UTC).timestamp())
    made = {
        "iss": "agentmem", "aud": "agentmem", "iat": now, "exp": now + 600, "jti": "j1", "tenant": "acme", "role": "read",
        **given,
    }  # fmt: skip
    return {name: value for name, value in made.items() if value is not None}


def signed(secret=SECRET, algorithm="HS256", headers=None, **given):
    return jwt.encode(claims(**given), secret, algorithm=algorithm, headers=headers)


def in_base64(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def test_a_token_says_what_its_key_may():
    issued = ours().issue(key(user_id="安娜"))
    said = await ours().examine(issued.token)
    assert (said.tenant, said.user_id, said.role, said.key) == ("acme", "安娜", "write", "key_1")
    assert timedelta(minutes=14) < said.expires_at - datetime.now(UTC) <= timedelta(minutes=15)
    assert issued.token not in repr(issued)


async def test_tokens_of_ours_that_others_sign_with_the_secret_are_let_in_too():
    said = await ours().examine(signed(user="ana"))
    assert (said.tenant, said.user_id, said.role, said.key) == ("acme", "ana", "read", None)


def unsigned(alg):
    return f"{in_base64({'alg': alg, 'typ': 'JWT'})}.{in_base64(claims(role='admin'))}."


PUBLIC_PEM = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "token",
    [
        "", "x", "a.b.c", "..", unsigned("none"), unsigned("None"), unsigned("HS256"), unsigned("hs256"),
        signed("another secret of more than 32 bytes...."), signed(algorithm="HS512"), signed(RSA, "RS256"),
        signed(exp=1), signed(exp="soon"), signed(exp=float("inf")), signed(exp=None), signed(nbf=4_000_000_000),
        signed(iat=4_000_000_000), signed(iss="else"), signed(iss=None), signed(aud="else"), signed(aud=None),
        signed(jti=None), signed(jti=5), signed(jti=""), signed(tenant=None), signed(tenant=""), signed(tenant="*"),
        signed(tenant=["acme"]), signed(role=None), signed(role="king"), signed(role=["admin"]), signed(user=""),
        signed(user=5), signed(user="a\x00"), signed() + "x", signed()[:-2], signed(more="y" * 9_000),
        "1" * 5_000 + "." + "1" * 3_000 + ".1", in_base64({"alg": "HS256"}) + "." + in_base64([1]) + ".x",
        "[" * 3_000 + ".x.y", signed(headers={"crit": ["exp2"], "exp2": 1}),
    ],
    ids=range(41),
)  # fmt: skip
async def test_whatever_is_wrong_with_a_token_is_the_same_refusal(token):
    with pytest.raises(AuthenticationError, match="not known here, has expired or was revoked"):
        await ours().examine(token)


@pytest.mark.parametrize("secret", ["short", "a" * 64, "ab" * 40, "12345678" * 3])
def test_a_weak_secret_is_refused(secret):
    with pytest.raises(NotConfiguredError, match="32 random bytes"):
        TokenSettings(secret=secret)
    assert SECRET not in repr(TokenSettings(secret=SECRET))


def test_there_is_no_secret_unless_somebody_gives_one():
    nobody = Tokens(TokenSettings(), now_utc)
    assert not nobody.configured
    with pytest.raises(NotConfiguredError, match="AGENTMEM_TOKEN_SECRET"):
        nobody.issue(key())


@pytest.mark.parametrize(
    ("of", "asked", "refusal"),
    [
        ({"role": "read"}, {"role": "write"}, PermissionDeniedError),
        ({"role": "write"}, {"role": "king"}, PermissionDeniedError),
        ({"user_id": "ana"}, {"user_id": "bo"}, PermissionDeniedError),
        ({}, {"lifetime": timedelta(days=2)}, InvalidInputError),
        ({}, {"lifetime": timedelta(0)}, InvalidInputError),
        ({"tenant": "*"}, {}, InvalidInputError),
        ({"tenant": "*"}, {"tenant": "*"}, InvalidInputError),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, {}, AuthenticationError),
    ],
)
def test_a_token_may_no_more_than_its_key(of, asked, refusal):
    with pytest.raises(refusal):
        ours().issue(key(**of), **asked)


async def test_a_token_may_less_than_its_key_and_ends_with_it():
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=3)
    issued = ours().issue(key(role="admin", expires_at=ends), role="read", user_id="ana")
    said = await ours().examine(issued.token)
    assert (said.role, said.user_id, said.expires_at) == ("read", "ana", ends)
    assert (await ours().examine(ours().issue(key(tenant="*"), tenant="acme").token)).tenant == "acme"


def test_a_token_cannot_be_refreshed_for_ever():
    shown = datetime.now(UTC) - timedelta(hours=23, minutes=50)
    last = ours().issue(key(), shown_at=shown)
    assert last.bearer.expires_at == shown + timedelta(hours=24)
    with pytest.raises(AuthenticationError, match="show the key again"):
        ours().issue(key(), shown_at=datetime.now(UTC) - timedelta(hours=24))


def jwk(private, kid, **more):
    kind = jwt.algorithms.RSAAlgorithm if isinstance(private, rsa.RSAPrivateKey) else jwt.algorithms.OKPAlgorithm
    return {**kind.to_jwk(private.public_key(), as_dict=True), "kid": kid, **more}


def elsewhere(source, algorithm="RS256", **more):
    settings = TokenSettings(jwks=str(source), algorithm=algorithm, issuer=ISSUER, audience=AUDIENCE, **more)
    return Tokens(settings, now_utc)


def theirs(private=RSA, algorithm="RS256", kid="k1", **given):
    return signed(private, algorithm, {"kid": kid} if kid else None, **{"iss": ISSUER, "aud": AUDIENCE, **given})


@pytest.fixture
def jwks(tmp_path):
    file = tmp_path / "jwks.json"
    secret = {"kty": "oct", "kid": "k3", "k": base64.urlsafe_b64encode(IN_JWKS).rstrip(b"=").decode()}
    file.write_text(json.dumps({"keys": [jwk(RSA, "k1"), jwk(ED, "k2"), secret, {"kty": "odd", "kid": "k4"}]}))
    return file


async def test_tokens_of_an_issuer_elsewhere_are_let_in(jwks):
    tokens = elsewhere(jwks)
    said = await tokens.examine(theirs(user="ana", jti=None))
    assert (said.id, said.tenant, said.user_id, said.role) == (None, "acme", "ana", "read")
    tokens.close()
    tokens = elsewhere(jwks, "EdDSA")
    assert (await tokens.examine(theirs(ED, "EdDSA", "k2"))).tenant == "acme"
    tokens.close()


@pytest.mark.parametrize(
    "token",
    [
        theirs(OTHER_RSA), theirs(kid="k9"), theirs(kid=None), theirs(kid="k2"), theirs(ED, "EdDSA", "k2"),
        theirs(algorithm="RS512"), theirs(algorithm="PS256"), theirs(iss="https://evil.example.org/"), theirs(aud="else"),
        theirs(aud=None), theirs(iss=None), theirs(exp=1), theirs(exp=None), theirs(role="king"), theirs(tenant="*"),
        theirs(IN_JWKS, "HS256", "k3"), unsigned("RS256"), unsigned("none"),
        jwt.api_jws.PyJWS().encode(json.dumps(claims(iss=ISSUER, aud=AUDIENCE)).encode(), b"x" * 40, "HS256", {"kid": "k1"}),
    ],
    ids=range(19),
)  # fmt: skip
async def test_whatever_is_wrong_with_a_token_from_elsewhere_is_the_same_refusal(jwks, token):
    tokens = elsewhere(jwks)
    with pytest.raises(AuthenticationError, match="not known here, has expired or was revoked"):
        await tokens.examine(token)
    tokens.close()


async def test_a_public_key_is_no_secret(jwks):
    """The oldest trick: sign by HMAC with the issuer's public key, which everybody has."""
    header, body = in_base64({"alg": "HS256", "kid": "k1"}), in_base64(claims(iss=ISSUER, aud=AUDIENCE, role="admin"))
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    mark = base64.urlsafe_b64encode(mac.sign(f"{header}.{body}".encode(), PUBLIC_PEM)).rstrip(b"=").decode()
    for tokens in (elsewhere(jwks), elsewhere(jwks, secret=SECRET)):
        with pytest.raises(AuthenticationError):
            await tokens.examine(f"{header}.{body}.{mark}")
        tokens.close()


async def test_claims_may_have_other_names_and_a_named_user_must_be_there(jwks):
    tokens = elsewhere(jwks, claims={"tenant": "org", "user": "sub", "role": "access"})
    said = await tokens.examine(theirs(org="globex", sub="ana", access="write"))
    assert (said.tenant, said.user_id, said.role) == ("globex", "ana", "write")
    with pytest.raises(AuthenticationError):
        await tokens.examine(theirs(org="globex", access="write"))
    tokens.close()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"jwks": "https://id.example.org/jwks"}, "AGENTMEM_TOKEN_ISSUER"),
        ({"jwks": "https://id.example.org/jwks", "issuer": "x"}, "AGENTMEM_TOKEN_AUDIENCE"),
        ({"algorithm": "HS256"}, "RS256 or EdDSA"),
        ({"algorithm": "none"}, "RS256 or EdDSA"),
        ({"claims": {"email": "mail"}}, "tenant, user, role"),
    ],
)
def test_half_a_configuration_is_refused(given, said):
    with pytest.raises(NotConfiguredError, match=said):
        TokenSettings(**given)


@pytest.mark.parametrize("source", ["http://id.example.org/jwks", "/no/such/file", "ftp://x/y", ""])
def test_keys_come_from_a_file_or_by_https(source):
    with pytest.raises(NotConfiguredError, match="AGENTMEM_JWKS"):
        elsewhere(source)


@pytest.fixture
def issuer():
    """An issuer's web server on loopback that counts how often it was asked."""
    state = SimpleNamespace(keys=[jwk(RSA, "k1")], asked=0, status=200)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            state.asked += 1
            self.send_response(state.status)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": state.keys}).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/jwks"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


async def test_an_unknown_key_is_looked_for_once_in_a_while(issuer, monkeypatch):
    tokens = elsewhere(issuer.url)
    await tokens.examine(theirs())
    for _ in range(5):
        with pytest.raises(AuthenticationError):
            await tokens.examine(theirs(OTHER_RSA, kid="k5"))
    assert issuer.asked == 1  # it was just asked
    issuer.keys.append(jwk(OTHER_RSA, "k5"))
    monkeypatch.setattr(issuers_module, "PAUSE", 0.0)
    assert (await tokens.examine(theirs(OTHER_RSA, kid="k5"))).tenant == "acme"
    assert issuer.asked == 2
    tokens.close()


async def test_an_issuer_that_fails_costs_only_what_is_not_known_yet(issuer, monkeypatch):
    monkeypatch.setattr(issuers_module, "PAUSE", 0.0)
    issuer.status = 500
    tokens = elsewhere(issuer.url)
    with pytest.raises(ServerUnavailableError, match="cannot be read"):
        await tokens.examine(theirs())
    issuer.status = 200
    assert (await tokens.examine(theirs())).tenant == "acme"
    issuer.status = 500
    assert (await tokens.examine(theirs())).tenant == "acme"
    with pytest.raises(AuthenticationError):
        await tokens.examine(theirs(kid="k6"))
    tokens.close()


async def test_tokens_over_http(tmp_path):
    async with guarded(tmp_path, tokens=TokenSettings(secret=SECRET)) as server:
        key_id = server.key("write", role="write")
        server.key("admin", role="admin")
        made = await server.ask("write", "POST", "/v1/keys/token", json={"user_id": "ana", "lifetime_seconds": 60})
        assert made.status_code == 201, made.text
        token = made.json()["token"]
        assert 50 <= made.json()["expires_in"] <= 60
        me = (await server.ask(token, "GET", "/v1/keys/self")).json()
        assert me == {"name": f"token_{made.json()['id']}", "role": "write", "tenant": "acme", "user_id": "ana"}
        assert (await server.ask(token, "GET", "/v1/memories")).status_code == 200
        assert (await server.ask(token, "GET", "/v1/memories?user_id=bo")).status_code == 403
        assert (await server.ask(token, "GET", "/v1/keys")).status_code == 403

        again = await server.ask(token, "POST", "/v1/keys/token", json={})
        assert (await server.ask(again.json()["token"], "GET", "/v1/keys/self")).json()["user_id"] == "ana"
        assert (await server.ask(token, "POST", "/v1/keys/token", json={"user_id": "bo"})).status_code == 403

        assert (await server.ask(token, "DELETE", f"/v1/keys/token/{again.json()['id']}")).status_code == 403
        assert (await server.ask("admin", "DELETE", f"/v1/keys/token/{again.json()['id']}")).status_code == 204
        assert (await server.ask(again.json()["token"], "GET", "/v1/memories")).status_code == 401
        assert (await server.ask(token, "DELETE", f"/v1/keys/token/{made.json()['id']}")).status_code == 204
        assert (await server.ask(token, "GET", "/v1/memories")).status_code == 401

        last = (await server.ask("write", "POST", "/v1/keys/token", json={})).json()["token"]
        assert (await server.ask(last, "GET", "/v1/memories")).status_code == 200
        await server.ask("admin", "DELETE", f"/v1/keys/{key_id}")
        assert (await server.ask(last, "GET", "/v1/memories")).status_code == 401
    async with guarded(tmp_path, tokens=TokenSettings(secret=SECRET)) as server:  # what was denied stays denied
        assert (await server.ask(token, "GET", "/v1/memories")).status_code == 401


async def test_a_token_makes_no_keys_and_a_server_without_a_secret_no_tokens(tmp_path):
    async with guarded(tmp_path, tokens=TokenSettings(secret=SECRET)) as server:
        server.key("admin", role="admin")
        token = (await server.ask("admin", "POST", "/v1/keys/token", json={})).json()["token"]
        assert (await server.ask(token, "GET", "/v1/keys")).status_code == 200
        refused = await server.ask(token, "POST", "/v1/keys", json={"role": "read"})
        assert (refused.status_code, refused.json()["detail"]) == (403, "a token makes no keys; show the key itself")
    async with guarded(tmp_path) as server:
        server.key("admin", role="admin")
        refused = await server.ask("admin", "POST", "/v1/keys/token", json={})
        assert (refused.status_code, refused.json()["code"]) == (409, "not_configured")
        assert (await server.ask(token, "GET", "/v1/memories")).status_code == 401
