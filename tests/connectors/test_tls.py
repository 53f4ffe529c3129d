"""TLS as others get it wrong: nothing is said to whoever cannot prove that he is who we asked for."""

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from connectors.http import ask, new_session
from connectors.receiver_rest import RestTarget
from schemas.errors import ConfigurationError, ReceiverUnreachable

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
OLD = ssl.TLSVersion.TLSv1_1
Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def certificate(
    name: str, by: Pair | None = None, *, ca: bool = False, begins: int = -2, ends: int = 2,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> Pair:  # fmt: skip
    """For the host `name`, signed by that one, or by itself; `begins` and `ends` in days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by[0].subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + begins * DAY)
        .not_valid_after(NOW + ends * DAY)
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
    )
    if not ca:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        made = made.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return made.sign(by[1] if by else key, hashes.SHA256()), key


def pem(path: Path, *parts: Pair) -> Path:
    """Certificates, then the first one's key."""
    text = b"".join(one.public_bytes(serialization.Encoding.PEM) for one, _ in parts)
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(text + parts[0][1].private_bytes(serialization.Encoding.PEM, *form))
    return path


@contextmanager
def served(own: Path, **settings: Any) -> Iterator[tuple[int, list[bytes]]]:
    """A TLS server that answers 200; its port, and what was said to it."""
    context, heard = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), list[bytes]()
    context.load_cert_chain(own)
    for name, value in settings.items():
        context.set_ciphers(value) if name == "ciphers" else setattr(context, name, value)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                with near, context.wrap_socket(near, server_side=True) as safe:
                    heard.append(safe.recv(65536))
                    safe.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            except OSError:
                continue

    threading.Thread(target=serve, daemon=True).start()
    with listener:
        yield int(listener.getsockname()[1]), heard


@pytest.fixture(scope="module")
def authority() -> Pair:
    return certificate("Sandbox CA", ca=True)


def asked(port: int, ca: Path | bool, host: str = "localhost") -> bytes:
    return ask(new_session(), "GET", f"https://{host}:{port}/", timeout=5, seconds=10, verify=str(ca)).body


def test_whom_the_authority_vouches_for_is_believed(tmp_path: Path, authority: Pair) -> None:
    own, ca = pem(tmp_path / "own", certificate("localhost", authority)), pem(tmp_path / "ca", authority)
    with served(own) as (port, heard):
        assert asked(port, ca) == b"ok"
        assert len(heard) == 1


def test_an_access_may_name_its_own_authority(tmp_path: Path, authority: Pair) -> None:
    own, ca = pem(tmp_path / "own", certificate("localhost", authority)), pem(tmp_path / "ca", authority)
    with served(own) as (port, heard):
        access = {"method": "rest", "url": f"https://localhost:{port}", "service": "s", "signing": {"scheme": "none"}}
        assert RestTarget({**access, "ca": str(ca)}, "x").check() == "the receiver answers"
        with pytest.raises(ReceiverUnreachable):
            RestTarget(access, "x").check()
        assert len(heard) == 1
    with pytest.raises(ConfigurationError, match=r"receiver.yaml: access.ca: there is no such file"):
        RestTarget({**access, "ca": str(tmp_path / "none.pem")}, "receiver.yaml")


@pytest.mark.parametrize(
    "wrong",
    [
        "another name", "expired", "not yet", "another authority", "signed by itself", "for clients",
        "not an authority", "no name for an address", "a chain cut short", "a wildcard too wide",
    ],
)  # fmt: skip
def test_whoever_cannot_prove_it_hears_nothing(tmp_path: Path, authority: Pair, wrong: str) -> None:
    leaf = certificate("elsewhere.example", authority)
    between = certificate("Between", authority, ca=True)
    parts = {
        "another name": [leaf],
        "expired": [certificate("localhost", authority, begins=-9, ends=-1)],
        "not yet": [certificate("localhost", authority, begins=1, ends=9)],
        "another authority": [certificate("localhost", certificate("Sandbox CA", ca=True))],
        "signed by itself": [certificate("localhost")],
        "for clients": [certificate("localhost", authority, usage=ExtendedKeyUsageOID.CLIENT_AUTH)],
        "not an authority": [certificate("localhost", leaf), leaf],
        "no name for an address": [certificate("localhost", authority)],
        "a chain cut short": [certificate("localhost", between)],
        "a wildcard too wide": [certificate("*", authority)],
    }[wrong]
    own, ca = pem(tmp_path / "own", *parts), pem(tmp_path / "ca", authority)
    host = "127.0.0.1" if wrong == "no name for an address" else "localhost"
    with served(own) as (port, heard):
        with pytest.raises(requests.exceptions.SSLError):
            asked(port, ca, host)
        assert heard == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    "settings",
    [
        {
            "maximum_version": ssl.TLSVersion.TLSv1_1,
            "minimum_version": ssl.TLSVersion.TLSv1,
            "ciphers": "ALL:@SECLEVEL=0",
        },
        {"maximum_version": ssl.TLSVersion.TLSv1_2, "ciphers": "aNULL:@SECLEVEL=0"},
        {"maximum_version": ssl.TLSVersion.TLSv1_2, "ciphers": "eNULL:@SECLEVEL=0"},
    ],
    ids=["TLS 1.1", "without a certificate", "without a cipher"],
)
def test_nobody_talks_us_down(tmp_path: Path, authority: Pair, settings: dict[str, Any]) -> None:
    own, ca = pem(tmp_path / "own", certificate("localhost", authority)), pem(tmp_path / "ca", authority)
    with served(own, **settings) as (port, heard):
        with pytest.raises((requests.exceptions.SSLError, requests.ConnectionError)):
            asked(port, ca)
        assert heard == []


def test_neither_the_environment_nor_an_open_port_weakens_it(
    tmp_path: Path, authority: Pair, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """A bundle or a proxy that the environment names is not taken; plain HTTP behind https:// is no answer."""
    own, ca = pem(tmp_path / "own", certificate("localhost", authority)), pem(tmp_path / "ca", authority)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(ca))
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    with served(own) as (port, heard):
        target = RestTarget(
            {"url": f"https://localhost:{port}", "service": "s", "signing": {"scheme": "none"}, "timeout": 5}, "r.yaml"
        )
        with pytest.raises(ReceiverUnreachable, match="SSLError"):
            target.check()
        assert heard == []
    with pytest.raises(requests.exceptions.SSLError):
        asked(int(server.url.rsplit(":", 1)[1]), ca)
    assert server.asked == []
