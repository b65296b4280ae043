"""What holds for every address under /api/, found or not."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from .limits import POLICY

Answer = Callable[[HttpRequest], HttpResponse]
ROOT = "/api/"


class ApiAnswers:
    """Make a problem of what Django itself refuses under /api/; answer HEAD like GET, and OPTIONS with Allow."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(ROOT):
            return self.get_response(request)
        asked = request.method
        if asked == "HEAD":
            request.method = "GET"
        response = self.get_response(request)
        request.method = asked
        if asked == "OPTIONS" and response.status_code == 405:
            response = HttpResponse(status=204, headers={"Allow": response.headers["Allow"]})
        if "Allow" in response.headers:
            response.headers["Allow"] = _with_head(response.headers["Allow"])
        if response.status_code >= 400 and not _is_told(response):
            response = _told(response)
        response.headers["RateLimit-Policy"] = POLICY
        patch_vary_headers(response, ["Authorization", "Cookie", "Accept-Language"])
        return response


# What problems are made of is loaded late: pages come through here too, and most installations see no program.


def _is_told(response: HttpResponse) -> bool:
    from .problems import MEDIA_TYPE

    return response.headers.get("Content-Type", "").startswith(MEDIA_TYPE)


def _told(response: HttpResponse) -> HttpResponse:
    from .problems import Problem, problem_response

    problem = problem_response(Problem(response.status_code))
    if "Allow" in response.headers:
        problem.headers["Allow"] = response.headers["Allow"]
    return problem


def _with_head(allowed: str) -> str:
    methods = [method.strip() for method in allowed.split(",")]
    return ", ".join(sorted({*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"}))
