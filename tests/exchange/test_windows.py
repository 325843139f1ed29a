"""Windows onto long lists: no row twice, none left out, even where many have the same time."""

from exchange.models import Record
from exchange.windows import Window, look
from tests import cast
from tests.journeys import telling
from tests.running.databases import Database


def test_rows_of_one_moment_are_neither_repeated_nor_left_out(database: Database) -> None:
    refs = {telling.raise_concern() for _ in range(5)}
    first = Record.objects.earliest("made_at")
    Record.objects.update(made_at=first.made_at)
    seen: list[str] = []
    before = None
    while True:
        page = look(Record.objects.all(), Window(2, before), time="made_at", make=lambda record: record.ref)
        assert len(page.rows) <= 2
        seen += page.rows
        before = page.following
        if before is None:
            break
    assert len(seen) == len(refs)
    assert set(seen) == refs


def test_what_comes_in_while_someone_turns_pages_does_not_shift_them(database: Database) -> None:
    refs = [telling.share(telling.plan("mash"))[0] for _ in range(3)]
    lena = cast.person("lena")
    first = lena.see("inbox", {"limit": 1})
    telling.share(telling.plan("mash"))
    second = lena.see("inbox", {"limit": 2, "cursor": first["next"]})
    assert [line["ref"] for line in second["results"]] == [refs[1], refs[0]]
