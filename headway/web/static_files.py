"""Static files are sent with few headers: those of pages say nothing of a file, and a first visit asks for twenty."""

from typing import Any

from django.conf import settings
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise, to stand before all that adds headers."""

    def get_static_file(self, path: str, url: str, stat_cache: Any = None) -> StaticFile:
        file: StaticFile = super().get_static_file(path, url, stat_cache)  # type: ignore[no-untyped-call]
        added = [("X-Content-Type-Options", "nosniff")]
        if settings.SECURE_HSTS_SECONDS:
            added.append(("Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}"))
        file.alternatives = [
            # A browser that asks again does so by the ETag.
            (encoding, where, [header for header in headers if header[0] != "Last-Modified"] + added)
            for encoding, where, headers in file.alternatives
        ]
        return file
