"""The edition in force over the API: every code with its label and citation."""

from collections.abc import Mapping, Sequence

import msgspec
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from exchange.api.door import REFUSED, Door
from exchange.api.shapes import shaped
from exchange.guidance import edition as editions


class CodeLine(msgspec.Struct, frozen=True):
    """One code: what to send, what it means, where it comes from, and whether that was checked."""

    code: str
    label: str
    citation: str
    status: str


class EditionShown(msgspec.Struct, frozen=True):
    """The edition a decision signed today is made under."""

    name: str
    title: str
    starts_on: str
    lists: Mapping[str, Sequence[CodeLine]]


class Guidance(Door):
    """Show the codes."""

    @extend_schema(operation_id="show_guidance", responses={200: shaped(EditionShown), **REFUSED})
    def get(self, request: object) -> Response:
        """Every list of codes in force today."""
        del request
        edition = editions.current_edition(timezone.localdate())
        lists = {
            name: [CodeLine(code.code, code.label, code.citation, str(code.status)) for code in codes.values()]
            for name, codes in edition.lists().items()
        }
        return self.answer(EditionShown(edition.name, edition.title, edition.starts_on.isoformat(), lists))
