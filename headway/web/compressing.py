"""Pages go over the wire compressed; what is there already compressed (static files) is not touched."""

import secrets
import zlib
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

Answer = Callable[[HttpRequest], HttpResponse]

SMALLEST = 500  # [bytes] below this nothing is won
#: Half the time of zlib's own choice (6) for a tenth more bytes.
LEVEL = 4
MOST_PADDING = 100  # [bytes]
_TYPES = ("text/", "application/json", "application/javascript", "image/svg+xml")


class Compressed:
    """Answer with gzip where the browser takes it.

    The length is blurred by up to a hundred bytes, and forms carry a token masked anew in each answer: neither lets
    somebody who can make a browser ask, and count the bytes, guess what stands on the page.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            response.streaming
            or len(response.content) < SMALLEST
            or response.has_header("Content-Encoding")
            or response.has_header("ETag")  # it names the bytes as they are
            or not response.headers.get("Content-Type", "").startswith(_TYPES)
        ):
            return response
        patch_vary_headers(response, ("Accept-Encoding",))
        if "gzip" not in request.META.get("HTTP_ACCEPT_ENCODING", ""):
            return response
        response.content = compressed(response.content)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.content))
        return response


def compressed(content: bytes) -> bytes:
    """Return `content` as gzip, with a name of random length in its head, which every reader skips."""
    name = b"a" * secrets.randbelow(MOST_PADDING)
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    sums = zlib.crc32(content).to_bytes(4, "little") + (len(content) & 0xFFFFFFFF).to_bytes(4, "little")
    return b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + name + b"\0" + packer.compress(content) + packer.flush() + sums
