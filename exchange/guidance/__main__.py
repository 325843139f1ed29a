"""`python -m exchange.guidance [EDITION ...]`: check editions and print every code with its source and status."""

import sys
from collections.abc import Iterator

from exchange.guidance.edition import Edition, edition_names, load_edition
from exchange.guidance.errors import GuidanceError


def describe_edition(edition: Edition) -> Iterator[str]:
    """Yield an edition line by line: the heading, every list, and how many codes have had their source seen."""
    yield f"{edition.name}: {edition.title} ({edition.jurisdiction}, from {edition.starts_on.isoformat()})"
    lists = edition.lists()
    for name, codes in lists.items():
        yield f"\n{name}"
        width = max(len(code) for code in codes)
        for code in codes.values():
            yield f"  {code.code:<{width}}  {code.label}  [{code.status}: {code.citation}]"
    every = [code for codes in lists.values() for code in codes.values()]
    verified = sum(code.status == "verified" for code in every)
    yield f"\n{len(lists)} lists, {len(every)} codes: {verified} verified, {len(every) - verified} unverified. Valid."


def main(names: list[str]) -> int:
    """Print the named editions, or all of them. Returns 0, or 1 when one cannot be used."""
    try:
        for name in names or edition_names():
            for line in describe_edition(load_edition(name)):
                sys.stdout.write(line + "\n")
    except GuidanceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
