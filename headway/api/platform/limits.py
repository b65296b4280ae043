"""How often a token (or a person's browser) may ask."""

from typing import TYPE_CHECKING

from headway.people import throttle

if TYPE_CHECKING:
    from .asking import ApiRequest

PER_MINUTE = 600
POLICY = f'"default";q={PER_MINUTE};w=60'
_blocks = throttle.Blocks("api", limit=PER_MINUTE, per=60, size=60)


def take(request: "ApiRequest") -> None:
    """Count a request. Raises Problem 429 with the seconds to wait."""
    from .problems import Problem  # late: the middleware of all pages reads this file

    wait = _blocks.take(owner_of(request))
    if wait:
        raise Problem(
            429,
            throttle.please_wait(wait),
            headers={"Retry-After": str(wait), "RateLimit": f'"default";r=0;t={wait}', "RateLimit-Policy": POLICY},
        )


def owner_of(request: "ApiRequest") -> str:
    """Name whose requests count together: a token's, or a person's."""
    return f"token:{request.token.pk}" if request.token else f"person:{request.actor.person_id}"
