"""Documents over the API: files in and out, never spooled."""

import re
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.response import Response

from exchange import documents
from exchange.api.door import REFUSED, Door
from exchange.api.shapes import Malformed, shaped
from exchange.guidance.requirements import Problem

FILE_NAME = re.compile(r"[^\x00-\x1f\x7f/\\]{1,150}")


class RawParser(BaseParser):
    """Leaves an upload alone: its bytes are read as they are sealed."""

    media_type = "*/*"

    def parse(self, stream: object, media_type: object = None, parser_context: object = None) -> dict[str, object]:  # noqa: ARG002 - the framework's signature
        """Nothing is parsed."""
        return {}


class JsonOnly(DefaultContentNegotiation):
    """Problems are JSON whatever a downloader says it accepts."""

    def select_renderer(self, request: object, renderers: Any, format_suffix: object = None) -> Any:  # noqa: ANN401, ARG002 - the framework's signature
        """The only one."""
        return renderers[0], renderers[0].media_type


class Documents(Door):
    """Add a document."""

    parser_classes = (RawParser,)

    @extend_schema(
        operation_id="add_document",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={201: shaped(documents.Added), **REFUSED},
        parameters=[
            OpenApiParameter(
                "X-Confer-File-Name",
                str,
                OpenApiParameter.HEADER,
                required=True,
                description="The file's name, percent-encoded UTF-8.",
            ),
            OpenApiParameter(
                "X-Confer-File-Type",
                str,
                OpenApiParameter.HEADER,
                required=True,
                description="Its media type, such as application/pdf.",
            ),
        ],
    )
    def post(self, request: object, ref: str) -> Response:
        """Add a file to a concern: the body is the file itself, sealed as it arrives."""
        del request
        name = unquote(self.request.headers.get("X-Confer-File-Name", ""))
        if not FILE_NAME.fullmatch(name):
            sentence = "Give the file's name, percent-encoded, up to 150 characters, without folders."
            raise Malformed([Problem("X-Confer-File-Name", "malformed", sentence)])
        upload = documents.Upload(name, self.request.headers.get("X-Confer-File-Type", ""), self._chunks())
        return self.answer(documents.add_document(ref, upload, by=self.by), 201)

    def _chunks(self) -> Iterator[bytes]:
        """The body as it comes. Raises `Malformed` when it ends before its Content-Length: the line was cut."""
        stream = self.request._request  # noqa: SLF001  # DRF's own stream would hold the whole body
        missing = int(self.request.headers.get("Content-Length") or 0)
        for chunk in iter(lambda: stream.read(64 * 1024), b""):
            missing -= len(chunk)
            yield chunk
        if missing:
            raise Malformed([Problem("body", "cut_short", "Not all of the file arrived. Send it again.")])


class OneDocument(Door):
    """Download a document."""

    content_negotiation_class = JsonOnly

    @extend_schema(
        operation_id="open_document",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, **REFUSED},
    )
    def get(self, request: object, ref: str, document: uuid.UUID) -> StreamingHttpResponse:
        """A document of a record you may open; not a byte leaves before the whole has verified."""
        del request
        opened = documents.open_document(ref, str(document), by=self.by)
        response = StreamingHttpResponse(opened.chunks, content_type="application/octet-stream")
        response["Content-Disposition"] = "attachment"
        response["X-Confer-File-Type"] = opened.description.type
        response["Content-Length"] = str(opened.description.size)
        return response
