"""What Django's test client gives back, as tests look at it: the stubs keep the real type to themselves."""

from typing import Any, Protocol


class Answer(Protocol):
    """An answer over HTTP."""

    @property
    def status_code(self) -> int:
        """Such as 200."""

    @property
    def content(self) -> bytes:
        """The body, when it is not streamed."""

    @property
    def streaming(self) -> bool:
        """Whether the body comes in pieces."""

    @property
    def headers(self) -> Any:
        """By name, whatever the case."""

    @property
    def cookies(self) -> Any:
        """What it sets."""

    def json(self) -> Any:
        """The body as JSON."""

    def __getitem__(self, name: str) -> str:
        """One header."""

    def __contains__(self, name: str) -> bool:
        """Whether there is such a header."""
