"""OpenID Connect providers, read from the environment (table: docs/howto/sign-in.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

LOCAL = {"localhost", "127.0.0.1", "::1"}


class WrongProvider(ValueError):
    """A provider is described wrongly; the message names the variable and says what to write."""


@dataclass(frozen=True)
class Provider:
    """One provider. Strangers are let in only where `domains` and `organisation` say so."""

    key: str
    name: str
    issuer: str
    client_id: str
    secret: str
    domains: tuple[str, ...] = ()
    organisation: str = ""
    asks_second_factor: bool = False
    token_auth: str = ""  # how the secret is sent; found out from the provider where it is empty

    def for_allauth(self) -> dict[str, Any]:
        """Return it as an entry of SOCIALACCOUNT_PROVIDERS' APPS."""
        return {
            "provider_id": self.key,
            "name": self.name,
            "client_id": self.client_id,
            "secret": self.secret,
            "settings": {
                "server_url": self.issuer,
                "oauth_pkce_enabled": True,
                **({"token_auth_method": self.token_auth} if self.token_auth else {}),
            },
        }


def read_providers(named: str, environment: Mapping[str, str]) -> list[Provider]:
    """Return the providers that HEADWAY_OIDC has `named`, keys with commas between them. Raises WrongProvider."""
    keys = [key.strip().lower() for key in named.split(",") if key.strip()]
    return [_read(key, environment) for key in dict.fromkeys(keys)]


def _read(key: str, environment: Mapping[str, str]) -> Provider:
    if not key.replace("-", "").isalnum():
        raise WrongProvider(f"HEADWAY_OIDC names {key!r}: letters, digits and hyphens only.")
    prefix = f"HEADWAY_OIDC_{key.upper().replace('-', '_')}_"

    def value(name: str) -> str:
        return environment.get(prefix + name, "").strip()

    for name in ("ISSUER", "CLIENT_ID", "SECRET"):
        if not value(name):
            raise WrongProvider(f"HEADWAY_OIDC names {key!r}, but {prefix}{name} is not set.")
    issuer = urlsplit(value("ISSUER"))
    if issuer.scheme != "https" and issuer.hostname not in LOCAL:
        raise WrongProvider(f"{prefix}ISSUER must be an https address: over plain http anybody could sign in.")
    domains = tuple(name.strip().lower().lstrip("@") for name in value("DOMAINS").split(",") if name.strip())
    if bool(domains) != bool(value("ORGANISATION")):
        raise WrongProvider(f"{prefix}DOMAINS and {prefix}ORGANISATION go together: who may come, and where to.")
    if value("TOKEN_AUTH") not in {"", "client_secret_basic", "client_secret_post"}:
        raise WrongProvider(f"{prefix}TOKEN_AUTH is client_secret_basic or client_secret_post.")
    return Provider(
        key=key,
        name=value("NAME") or key.capitalize(),
        issuer=value("ISSUER").rstrip("/"),
        client_id=value("CLIENT_ID"),
        secret=value("SECRET"),
        domains=domains,
        organisation=value("ORGANISATION"),
        token_auth=value("TOKEN_AUTH"),
        asks_second_factor=value("SECOND_FACTOR").lower() in {"1", "yes", "true", "on"},
    )
