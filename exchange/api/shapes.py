"""Requests and responses as typed shapes: one definition parses, renders and documents itself in the schema."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
import msgspec.inspect
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework import serializers

from exchange.guidance.requirements import Problem

T = TypeVar("T")
PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<place>[^`]*)`)?$", re.DOTALL)


class Malformed(Exception):  # carries problems to the door's one translator
    """A request that is not of its shape; each problem names a field."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("malformed")
        self.problems = problems


def parse(data: object, shape: type[T]) -> T:
    """Convert parsed JSON strictly to `shape`. Raises `Malformed`; what was given is never repeated."""
    try:
        shaped_data = msgspec.convert(data, shape, strict=True)
    except msgspec.ValidationError as fault:
        raise Malformed([_explain(str(fault))]) from None
    _refuse_untextual(data)
    return shaped_data


def parse_query(data: Mapping[str, str], shape: type[T]) -> T:
    """Convert query parameters, which are text, to `shape`. Raises `Malformed`."""
    try:
        shaped_data = msgspec.convert(dict(data.items()), shape, strict=False)
    except msgspec.ValidationError as fault:
        raise Malformed([_explain(str(fault))]) from None
    _refuse_untextual(dict(data.items()))
    return shaped_data


def render(value: object) -> Any:  # noqa: ANN401  # JSON is whatever JSON is
    """Plain JSON values of any shape."""
    return msgspec.to_builtins(value)


class Shaped(serializers.BaseSerializer):  # type: ignore[type-arg]  # nothing is ever serialised through it
    """Stands for a shape where the schema generator wants a serializer class."""

    shape: type


@cache
def shaped(shape: type, *, many: bool = False) -> type[Shaped] | Shaped:
    """The serializer class that documents `shape`; an instance of it for a list."""
    made = type(f"{shape.__name__}Shape", (Shaped,), {"shape": shape})
    return made(many=True) if many else made


class ShapedExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Gives the schema generator the JSON schema of a shape, its parts as shared components."""

    target_class = Shaped
    match_subclasses = True

    def get_name(self, auto_schema: AutoSchema, direction: str) -> str:
        """The shape's own name."""
        del auto_schema, direction
        return _document(self.target.shape)[0]

    def map_serializer(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        """The JSON schema of the shape; everything it refers to is registered beside it."""
        del direction
        own_name, components = _document(self.target.shape)
        own = components.pop(own_name)
        kinds = {kind.__name__: kind for kind in _parts(msgspec.inspect.type_info(self.target.shape))}
        for name, schema in components.items():
            stands_for = shaped(kinds[name]) if name in kinds else name
            component = ResolvedComponent(  # type: ignore[no-untyped-call]
                name, ResolvedComponent.SCHEMA, schema, stands_for
            )
            auto_schema.registry.register_on_missing(component)
        return dict(own)


def _refuse_untextual(data: object) -> None:
    """Refuse what is not text: halves of characters, and the character that ends strings in C.

    Called once the shape is right, so that the field named is one of ours and not something that was sent.
    """
    waiting: list[tuple[str, object]] = [("", data)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, str) and not _is_textual(value):
            sentence = "There is a character here that is not text. Take it out and send again."
            raise Malformed([Problem(place or "body", "not_text", sentence)])
        if isinstance(value, list):
            waiting += [(f"{place}[{position}]", each) for position, each in enumerate(value)]
        if isinstance(value, Mapping):
            waiting += [(place, name) for name in value]
            waiting += [(f"{place}.{name}".strip("."), each) for name, each in value.items()]


def _is_textual(value: str) -> bool:
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


def _document(shape: type) -> tuple[str, dict[str, Any]]:
    """The name of a shape in the schema, and the JSON schemas of it and of everything it refers to."""
    (own,), components = msgspec.json.schema_components([shape], ref_template="#/components/schemas/{name}")
    return str(own["$ref"]).rsplit("/", 1)[1], components


def _parts(info: object) -> Iterator[type]:
    """Every struct and dataclass that a shape is made of."""
    if isinstance(info, msgspec.inspect.StructType | msgspec.inspect.DataclassType):
        yield info.cls
        for part in info.fields:
            yield from _parts(part.type)
    for name in ("item_type", "key_type", "value_type"):
        if hasattr(info, name):
            yield from _parts(getattr(info, name))
    for part in (*getattr(info, "types", ()), *getattr(info, "item_types", ())):
        yield from _parts(part)


def _explain(fault: str) -> Problem:
    found = PLACE.match(fault)
    what, place = (found["what"], found["place"] or "body") if found else (fault, "body")
    missing = re.match(r"Object missing required field `(\w+)`", what)
    unknown = re.match(r"Object contains unknown field `", what)
    if missing:
        field = missing[1] if place == "body" else f"{place}.{missing[1]}"
        return Problem(field, "missing", "This is needed. Give it and send again.")
    if unknown:
        return Problem(place, "unknown_field", "There is a field here that is not part of this request. Leave it out.")
    return Problem(place, "malformed", f"{what}.")
