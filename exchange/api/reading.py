"""Reading JSON: strictly, to a bounded size and depth. The framework's own parser fails on what is nested deeply."""

from typing import IO, Any

import msgspec
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

LARGEST = 4 * 1024 * 1024  # bytes; a record holds no more


class TooMuch(APIException):
    """More than anyone could have typed."""

    status_code = 413
    default_code = "too_large"


class JsonParser(BaseParser):
    """`application/json`, in UTF-8, as RFC 8259 has it: no NaN, no half characters, nothing after the end."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002 - the framework's signature
        parser_context: object = None,  # noqa: ARG002 - as above
    ) -> Any:  # noqa: ANN401 - JSON is whatever JSON is
        """The value sent. Raises `ParseError`, `TooMuch`; what was sent is in neither."""
        content = stream.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise TooMuch
        try:
            return msgspec.json.decode(content)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise ParseError from None
