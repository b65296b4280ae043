"""Behind a real nginx that ends TLS, at the root and under a path of its own."""

import http.client
import json
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.installation import Installation, Started
from tests.operations.nginx import in_front_of
from tests.world import PASSWORD


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object) -> None:
        return None


class Browser:
    """Keeps cookies, checks the certificate, follows no redirect by itself."""

    def __init__(self, certificate: Path) -> None:
        self.cookies = CookieJar()
        self.trust = ssl.create_default_context(cafile=str(certificate))
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies),
            urllib.request.HTTPSHandler(context=self.trust),
            _NoRedirect,
        )

    def ask(
        self, address: str, data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        request = urllib.request.Request(address, data, headers or {})
        try:
            with self._opener.open(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def send(self, page: str, fields: dict[str, str], **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Send a form of a page with its token, as a browser does: with Origin and Referer."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.ask(page)[2].decode())
        assert token, page
        body = urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": token[1]}).encode()
        origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(page))
        return self.ask(page, body, {"Origin": origin, "Referer": page} | headers)


@dataclass
class Site:
    """The programme as a browser reaches it: `root` without a slash at its end."""

    root: str
    plain: str
    path: str
    browser: Browser
    server: Started
    port: int

    @property
    def origin(self) -> str:
        return self.root.removesuffix(self.path)

    def sign_in(self) -> tuple[int, http.client.HTTPMessage, bytes]:
        return self.browser.send(f"{self.root}/sign-in/", {"email": "ana@northwind.example", "password": PASSWORD})


@pytest.fixture(params=["", "/headway"], ids=["at the root", "under a path"])
def site(request: pytest.FixtureRequest, installation: Installation, tmp_path: Path) -> Iterator[Site]:
    path: str = request.param
    installation.environment |= {"HEADWAY_TLS": "1", "HEADWAY_HOSTS": "localhost", "HEADWAY_PATH": path}
    installation.python(
        "from headway.people.actions import complete_setup, issue_setup_link, create_team\n"
        "from headway.people.actor import actor_for\n"
        "person = complete_setup(issue_setup_link(), organisation='Northwind', name='Ana',"
        f" email='ana@northwind.example', password={PASSWORD!r})\n"
        "northwind = person.memberships.get().organisation\n"
        "create_team(northwind, by=actor_for(person, northwind), key='ANT', name='Ant')"
    )
    server = installation.start()
    port = int(re.search(r":(\d+)", server.url)[1])  # type: ignore[index]
    with in_front_of(port, folder=tmp_path / "nginx", path=path) as front:
        yield Site(
            f"https://localhost:{front.tls}{path}",
            f"http://localhost:{front.plain}",
            path,
            Browser(front.certificate),
            server,
            port,
        )


def test_all_works_and_nothing_is_believed_behind_a_proxy(site: Site) -> None:
    """One start for everything: starting takes longer than what is looked at."""
    _what_is_forged_is_not_believed(site)
    _signing_in_uploading_and_going_on(site)
    given = _a_request_carries_the_id_that_nginx_gave_it(site)
    log = _a_live_stream_comes_through_as_it_is_sent(site)
    lines = [json.loads(line) for line in log.splitlines()]
    assert given in {line.get("request") for line in lines}


def _signing_in_uploading_and_going_on(site: Site) -> None:
    # Strangers are led to sign in: by https, under the path.
    status, headers, _ = site.browser.ask(f"{site.root}/t/ANT/board/")
    assert status == 302
    led_to = urllib.parse.urljoin(site.root, headers["Location"])
    assert led_to.startswith(f"{site.root}/sign-in/?next={site.path}/t/ANT/board/")

    # Cookies go back by TLS only, and to this path only.
    status, headers, _ = site.sign_in()
    assert status == 302
    assert urllib.parse.urljoin(site.root, headers["Location"]).startswith(f"{site.root}/")
    assert {cookie.name for cookie in site.browser.cookies} >= {"sessionid", "csrftoken"}
    for cookie in site.browser.cookies:
        assert cookie.secure, cookie.name
        assert cookie.path == (site.path or "/"), cookie.name

    # Pages, their static files, and what protects them.
    status, headers, page = site.browser.ask(f"{site.root}/")
    assert status == 200
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    files = set(re.findall(r'(?:href|src)="([^"]*/static/[^"]+)"', page.decode()))
    assert len(files) >= 3
    for file in files:
        assert file.startswith(f"{site.path}/static/")
        assert site.browser.ask(site.origin + file)[0] == 200
    links = set(re.findall(r'href="(/[^"]*)"', page.decode()))
    assert links
    assert all(link.startswith(f"{site.path}/") for link in links)

    # Twenty megabytes go up, and the origin of the form is right.
    line = b"TEAM-1,An item that is brought in from elsewhere,To do,Story\r\n"
    table = b"Issue key,Summary,Status,Issue Type\r\n" + line * (20 * 2**20 // len(line))
    answer = _upload(site, "ANT", table)
    assert answer[0] in {200, 302}, answer[2][:400]
    if answer[0] == 302:
        assert site.browser.ask(urllib.parse.urljoin(site.root, answer[1]["Location"]))[0] == 200


def _upload(site: Site, team: str, table: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
    address = f"{site.root}/t/{team}/import/"
    page = site.browser.ask(address)[2].decode()
    form = re.search(r"<form[^>]*multipart.*?</form>", page, re.DOTALL)
    assert form
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form[0])
    field = re.search(r'<input[^>]*type="file"[^>]*>', form[0])
    assert token
    assert field
    name = re.search(r'name="([^"]+)"', field[0])
    assert name
    parts = [
        b'--edge\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n' + token[1].encode() + b"\r\n",
        f'--edge\r\nContent-Disposition: form-data; name="{name[1]}"; filename="export.csv"\r\n'.encode(),
        b"Content-Type: text/csv\r\n\r\n" + table + b"\r\n--edge--\r\n",
    ]
    headers = {"Content-Type": "multipart/form-data; boundary=edge", "Origin": site.origin, "Referer": address}
    return site.browser.ask(address, b"".join(parts), headers)


def _what_is_forged_is_not_believed(site: Site) -> None:
    page = f"{site.root}/sign-in/"
    fields = {"email": "ana@northwind.example", "password": PASSWORD}
    assert site.browser.send(page, fields, Origin="https://evil.example")[0] == 403
    assert site.browser.ask(page, headers={"Host": "evil.example"})[0] == 400
    # nginx leads what comes in the clear to TLS.
    status, headers, _ = site.browser.ask(f"{site.plain}{site.path}/sign-in/")
    assert status == 301
    assert headers["Location"].startswith("https://localhost/")


def _a_request_carries_the_id_that_nginx_gave_it(site: Site) -> str:
    _, headers, _ = site.browser.ask(f"{site.root}/sign-in/")
    assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-ID"])
    return headers["X-Request-ID"]


def _a_live_stream_comes_through_as_it_is_sent(site: Site) -> str:
    """Look at a stream, stop the programme while it is open, and return what the programme said."""
    page = site.browser.ask(f"{site.root}/t/ANT/board/")[2].decode()
    found = re.search(r'data-(?:live|stream)[a-z-]*="([^"]*/live/[^"]*)"', page)
    assert found, "the board names no stream"
    address = urllib.parse.urljoin(site.root, found[1].replace("&amp;", "&"))
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in site.browser.cookies)
    parts = urllib.parse.urlsplit(address)
    connection = http.client.HTTPSConnection(parts.netloc, context=site.browser.trust, timeout=60)
    connection.request("GET", f"{parts.path}?{parts.query}", headers={"Cookie": cookies, "Accept": "text/event-stream"})
    answer = connection.getresponse()
    assert answer.status == 200, site.server.stop()
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.read1(64)  # while the stream is open: nothing waits for its end or for a full buffer
    log = site.server.stop()  # in less than five seconds, though the stream is open
    connection.close()
    return log
