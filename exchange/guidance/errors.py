"""What can be wrong with an edition, or with a code someone gave."""

from collections.abc import Iterable


class GuidanceError(Exception):
    """An edition cannot be used.

    `path` names the place in the file ("lists.purposes[3].roles[0]"), `problem` the fault, `remedy` what to do.
    """

    def __init__(self, path: str, problem: str, remedy: str) -> None:
        self.path = path
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{path}: {problem} {remedy}")

    def __str__(self) -> str:
        # Defined here because UnknownCode is also a KeyError, whose own __str__ puts the sentence in quotation marks.
        return f"{self.path}: {self.problem} {self.remedy}"


class UnknownCode(GuidanceError, KeyError):
    """A code that is not in the list. It is a KeyError too, so that an edition's lists behave as mappings.

    The sentence never repeats what was given: a person may have typed a child's name into a field meant for a code,
    and errors reach logs.
    """

    def __init__(self, list_name: str, given: object, allowed: Iterable[str]) -> None:
        self.list_name = list_name
        self.given = given
        self.allowed = tuple(allowed)
        super().__init__(list_name, "there is no such code.", f"Choose one of: {', '.join(self.allowed)}.")
