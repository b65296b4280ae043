"""The document for people: one page, no script needed to read it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI

from .openapi import document
from .problems import KINDS


def serve_docs(request: HttpRequest, api: NinjaAPI) -> HttpResponse:
    """Show the document."""
    context: dict[str, Any] = {"document": document(api), "kinds": KINDS}
    return render(request, "api/docs.html", context)
