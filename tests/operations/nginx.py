"""A real nginx in front of the programme, with deploy/nginx.conf as it is handed out."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "deploy" / "nginx.conf"


def nginx() -> str:
    """Return the path of nginx; fail the test, never skip it, where there is none."""
    path = os.environ.get("NGINX") or shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if path is None:
        pytest.fail("These tests need nginx: run them by `make test`, or name it in NGINX.")
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def in_front_of(port: int, *, folder: Path, tls: int, plain: int, path: str = "") -> Iterator[Path]:
    """Run nginx before the programme on `port`; yields the certificate that it shows on port `tls`."""
    folder.mkdir()
    certificate = _certificate(folder)
    site = EXAMPLE.read_text()
    for wanted, put in [
        (r"server 127\.0\.0\.1:8000;", f"server 127.0.0.1:{port};"),
        (r"    listen 80;\n    listen \[::\]:80;", f"    listen 127.0.0.1:{plain};"),
        (r"    listen 443 ssl http2;\n    listen \[::\]:443 ssl http2;", f"    listen 127.0.0.1:{tls} ssl http2;"),
        (r"okr\.example\.org;", "localhost;"),
        (r"ssl_certificate [^;]+;", f"ssl_certificate {certificate};"),
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
        f"daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 256; }}\n"
        f"http {{ access_log off; {places} include {folder}/site.conf; }}\n"
    )
    process = subprocess.Popen(
        [nginx(), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_for(tls, process, folder)
        yield certificate
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _certificate(folder: Path) -> Path:
    made = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *named, *made]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "cert.pem"


def _wait_for(port: int, process: "subprocess.Popen[str]", folder: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"nginx ended: {process.communicate()[1]} {(folder / 'error.log').read_text()}")
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail("nginx does not answer")
