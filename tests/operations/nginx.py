"""A real nginx in front of the programme, with deploy/nginx.conf as it is handed out."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "deploy" / "nginx.conf"


def nginx() -> str:
    """Return the path of nginx; fail the test, never skip it, where there is none."""
    path = os.environ.get("NGINX") or shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if path is None:
        pytest.fail("These tests need nginx: run them by `make test`, or name it in NGINX.")
    return path


@dataclass(frozen=True)
class Front:
    """Where nginx listens, and the certificate that it shows on port `tls`."""

    tls: int
    plain: int
    certificate: Path


@contextmanager
def in_front_of(port: int, *, folder: Path, path: str = "") -> Iterator[Front]:
    """Run nginx before the programme on `port`.

    It inherits sockets that listen already: a port that was looked for and let go could be another's by the time
    nginx asks for it, and whoever connects early is kept waiting instead of refused.
    """
    folder.mkdir()
    certificate = _certificate(folder)
    with socket.create_server(("127.0.0.1", 0)) as secured, socket.create_server(("127.0.0.1", 0)) as clear:
        front = Front(secured.getsockname()[1], clear.getsockname()[1], certificate)
        _write_configuration(front, port, folder, path)
        process = subprocess.Popen(
            [nginx(), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")],
            env={**os.environ, "NGINX": f"{secured.fileno()};{clear.fileno()};"},
            pass_fds=[secured.fileno(), clear.fileno()],
            stderr=subprocess.PIPE,
            text=True,
        )
    try:
        _wait_for(process, folder)
        yield front
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _write_configuration(front: Front, port: int, folder: Path, path: str) -> None:
    site = EXAMPLE.read_text()
    for wanted, put in [
        (r"server 127\.0\.0\.1:8000;", f"server 127.0.0.1:{port};"),
        (r"    listen 80;\n    listen \[::\]:80;", f"    listen 127.0.0.1:{front.plain};"),
        (
            r"    listen 443 ssl http2;\n    listen \[::\]:443 ssl http2;",
            f"    listen 127.0.0.1:{front.tls} ssl http2;",
        ),
        (r"okr\.example\.org;", "localhost;"),
        (r"ssl_certificate [^;]+;", f"ssl_certificate {front.certificate};"),
        (r"ssl_certificate_key [^;]+;", f"ssl_certificate_key {folder}/key.pem;"),
        (r"location / \{", f"location {path}/ {{"),
    ]:
        site, found = re.subn(wanted, put, site)
        assert found, wanted
    (folder / "site.conf").write_text(site)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        # Its worker writes into a folder that only we may read. (Without a master it cannot inherit sockets.)
        f"{'user root;' if os.geteuid() == 0 else ''} daemon off; worker_processes 1;\n"
        f"pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 256; }}\n"
        f"http {{ access_log off; {places} include {folder}/site.conf; }}\n"
    )


def _certificate(folder: Path) -> Path:
    made = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *named, *made]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "cert.pem"


def _wait_for(process: "subprocess.Popen[str]", folder: Path) -> None:
    """Wait until nginx has read its configuration: it writes its number down then."""
    deadline = time.monotonic() + 60
    while not (folder / "pid").exists():
        if process.poll() is not None:
            pytest.fail(f"nginx ended: {process.communicate()[1]} {(folder / 'error.log').read_text()}")
        if time.monotonic() > deadline:
            pytest.fail("nginx does not start")
        time.sleep(0.02)
