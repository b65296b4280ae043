"""Pages go over the wire compressed; what is there already compressed (static files) is not touched."""

import secrets
import zlib
from collections.abc import Callable

import brotli
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

Answer = Callable[[HttpRequest], HttpResponse]

SMALLEST = 500  # [bytes] below this nothing is won
#: Of a board it leaves a sixth less than gzip, in three quarters of its time; below this size gzip is the quicker.
SMALLEST_FOR_BROTLI = 50_000  # [bytes]
BROTLI_QUALITY = 2
#: Pages are smaller than this window of 256 KB: a larger one only takes more memory.
BROTLI_WINDOW = 18
#: Half the time of zlib's own choice (6) for a tenth more bytes.
GZIP_LEVEL = 4
MOST_PADDING = 100  # [bytes]
_LAST_AND_EMPTY = b"\x03"
_TYPES = ("text/", "application/json", "application/javascript", "image/svg+xml")


class Compressed:
    """Answer with Brotli or gzip where the browser takes it (Brotli: over TLS and from its own machine).

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
        taken = request.META.get("HTTP_ACCEPT_ENCODING", "")
        if "br" in taken and len(response.content) >= SMALLEST_FOR_BROTLI:
            coding, response.content = "br", brotli_of(response.content)
        elif "gzip" in taken:
            coding, response.content = "gzip", gzip_of(response.content)
        else:
            return response
        response.headers["Content-Encoding"] = coding
        response.headers["Content-Length"] = str(len(response.content))
        return response


def brotli_of(content: bytes) -> bytes:
    """Return `content` as Brotli, with a block of random length behind it, which every reader skips."""
    packer = brotli.Compressor(quality=BROTLI_QUALITY, lgwin=BROTLI_WINDOW)
    packed = packer.process(content) + packer.flush()  # ends at a border of bytes, where metadata may stand
    length = 1 + secrets.randbelow(MOST_PADDING)
    metadata = (0b01_0_11_0 | (length - 1) << 6).to_bytes(2, "little") + b"a" * length  # RFC 7932, 9.2
    return bytes(packed + metadata + _LAST_AND_EMPTY)


def gzip_of(content: bytes) -> bytes:
    """Return `content` as gzip, with a name of random length in its head, which every reader skips."""
    name = b"a" * secrets.randbelow(MOST_PADDING)
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    sums = zlib.crc32(content).to_bytes(4, "little") + (len(content) & 0xFFFFFFFF).to_bytes(4, "little")
    return b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + name + b"\0" + packer.compress(content) + packer.flush() + sums
