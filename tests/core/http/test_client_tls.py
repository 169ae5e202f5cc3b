"""Over TLS, with a certificate of one's own, in both colours and on loops that come and go."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.core.http.peer import answer, whole

from agentmem_core import AgentMem, ServerUnavailableError


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, by itself, with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def url(certificate: Path) -> Iterator[str]:
    """A server that answers every request on a connection with no hits."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve(plain: socket.socket) -> None:
        with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
            while True:
                whole(connection)
                connection.sendall(answer("[]").replace(b"connection: close\r\n", b""))

    def run() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listening.getsockname()[1]}"
    with suppress(OSError):
        listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(10)


def test_both_colours_speak_tls(url, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async def several(memory: AgentMem) -> list[object]:
        return [*await asyncio.gather(*(memory.asearch("tea") for _ in range(5))), await memory.asearch("tea")]

    with AgentMem(api_url=url, api_key="agm_x") as memory:
        assert memory.search("tea") == memory.search("tea") == []
        for _ in range(3):
            assert asyncio.run(several(memory)) == [[]] * 6
        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(several(memory)) == [[]] * 6
        loop.close()
    gc.collect()


def test_a_certificate_that_nobody_vouches_for_is_refused(url, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with AgentMem(api_url=url, api_key="agm_x", timeout=30) as memory:
        with pytest.raises(ServerUnavailableError, match=r"(?i)certificate"):
            memory.search("tea")
        with pytest.raises(ServerUnavailableError, match=r"(?i)certificate"):
            asyncio.run(memory.asearch("tea"))


def test_a_server_that_speaks_no_tls_is_one_of_our_errors(monkeypatch):
    from tests.core.http.peer import Peer

    with Peer(answer("[]")) as peer, AgentMem(api_url=peer.url.replace("http:", "https:"), timeout=2) as memory:
        with pytest.raises(ServerUnavailableError):
            memory.search("tea")
        with pytest.raises(ServerUnavailableError):
            asyncio.run(memory.asearch("tea"))
