"""Every address there is, from the resolver itself, so that a new one cannot be forgotten."""

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

API_PREFIX = "/api/v1/"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
PART = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")


def find_patterns() -> list[tuple[str, URLPattern]]:
    """Every address as it is written in the urls, with its pattern."""
    return list(_walk(get_resolver(), "/"))


def find_api_patterns() -> list[URLPattern]:
    """The patterns below ``/api/v1/``."""
    return [pattern for route, pattern in find_patterns() if route.startswith(API_PREFIX)]


def fill(route: str, *, ref: str = "C-00000-00000", document: str = "", number: int = 1) -> str:
    """The address with its parts filled in."""
    unknown = document or UNKNOWN
    values = {"str": ref, "uuid": unknown, "int": str(number), "path": "nothing/here"}
    return PART.sub(lambda part: values[part["kind"] or "str"], route)


def spell_address(pattern: URLPattern, *, ref: str, document: str) -> list[str]:
    """The addresses of one API pattern for one record."""
    return [fill(API_PREFIX + str(pattern.pattern), ref=ref, document=document)]


def _walk(resolver: URLResolver, before: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, route)
        else:
            yield route, pattern
