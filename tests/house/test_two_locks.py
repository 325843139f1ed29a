"""Every grant has its permission and its wrapped key, and the reverse, whatever has been done in whatever order."""

import random
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils import timezone

from accounts import teams, tokens
from accounts.models import Membership, Person, Team
from audit.errors import Refused
from exchange import sharing, standing, tasks
from exchange.models import Grant, KeyWrap, Record, RecordGroupPermission, RecordUserPermission
from tests import cast
from tests.house import locks
from tests.house.acting import admit_newcomer
from tests.house.doors import Inside
from tests.house.story import Teller, Told
from tests.house.words import Words
from tests.running.databases import Database

TEAMS = ("mash", "caiu", "trust", "harbour")
SENDERS = ("amina", "ben", "grace")


class Acts:
    """Acts drawn at random, done as whoever may do them. ``done`` counts those that were not refused."""

    def __init__(self, seed: int) -> None:
        """Draw from ``seed``; every keyholder met is kept, as a reader who hoards would."""
        self.random = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self.door, self.done, self.number = Inside(), Counter[str](), 0
        self.teller = Teller(self.door, Words())
        self.concerns: list[str] = []
        self.hoard = [cast.person(name).keyholder() for name in ("tom", "rhys", "stan", "vera", "ben", "service")]

    def step(self) -> None:
        """Do one act; a refusal is as good as a success, for the locks."""
        act = self.random.choice([*[self.share] * 4, *[self.raise_concern] * 2, *self.others])
        self.number += 1
        try:
            act()
        except Refused:
            self.done[f"{act.__name__} refused"] += 1
        else:
            self.done[act.__name__] += 1

    @property
    def others(self) -> list[Callable[[], None]]:
        """Acts that come less often."""
        return [
            self.take_back, self.answer, self.share_in_emergency, self.let_expire, self.remove, self.admit,
            self.see_someone_leave, self.renew, self.instruct, self.trespass, self.end_token,
        ]  # fmt: skip

    def raise_concern(self) -> None:
        """A concern of the school's."""
        self.teller.raise_concern()
        self.concerns.append(self.teller.told.concern)

    def share(self) -> None:
        """A decision that shares one of them with some teams, and perhaps a person."""
        if not self.concerns:
            self.raise_concern()
        self.teller.told.concern = self.random.choice(self.concerns)
        names = self.random.sample(TEAMS, self.random.randint(1, 3))
        plans = [self.teller.plan(team=cast.team(name)) for name in names]
        if self.random.random() < 0.3:
            plans.append(self.teller.plan(person=cast.person("hannah").person_id))
        body = self.teller.decide("share", concern_version=1, shares=plans)
        self._post(self.random.choice(SENDERS), "decisions", body)

    def take_back(self) -> None:
        """The sender cuts a recipient."""
        self._post("grace", f"disclosures/{self._pick('disclosure')}/taking-back")

    def answer(self) -> None:
        """The recipient answers."""
        said = {"text": "Seen."}
        self._post(
            self.random.choice(["tom", "paul", "hannah"]), f"disclosures/{self._pick('disclosure')}/answers", said
        )

    def share_in_emergency(self) -> None:
        """One call to the police and the council."""
        teams_to_reach = [cast.team(name) for name in ("caiu", "mash")]
        self._post("amina", "emergencies", {"child": "Z", "what": "Now", "teams": teams_to_reach})

    def let_expire(self) -> None:
        """A grant's time runs out, and the clock cuts it."""
        due = list(Grant.objects.filter(expires_at__isnull=False).order_by("pk")[:5])
        if due:
            Grant.objects.filter(pk=self.random.choice(due).pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        sharing.end_expired()

    def remove(self) -> None:
        """The council's lead removes someone who is no lead."""
        found = Membership.objects.filter(team_id=cast.team("mash"), ended_at=None, role="practitioner")
        chosen = self.random.choice(list(found.order_by("pk")) or [None])
        path = f"memberships/{chosen.pk if chosen else cast.person('rhys').membership_id}"
        self._refuse(self.door.ask("lena", "DELETE", path).status)

    def see_someone_leave(self) -> None:
        """An engagement ends, and the clock cuts whoever it was."""
        found = live_practitioners("harbour") | live_practitioners("mash")
        if found:
            leaver = self.random.choice(sorted(found, key=str))
            yesterday = timezone.localdate() - timedelta(days=1)
            Person.objects.filter(pk=leaver).update(valid_from=yesterday, valid_until=yesterday)
        tasks.expire()

    def admit(self) -> None:
        """A newcomer is invited, makes keys and is admitted."""
        place, lead = self.random.choice([("mash", "lena"), ("harbour", "dina")])
        self.hoard.append(admit_newcomer(place, lead))

    def renew(self) -> None:
        """The leads sign in, which begins the epochs that are due."""
        for lead in ("lena", "dina"):
            teams.renew_due(by=cast.person(lead).keyholder())

    def instruct(self) -> None:
        """The council's lead has new disclosures given to the service, too."""
        service = cast.person("service").person_id
        standing.instruct(cast.team("mash"), service, by=cast.person("lena").keyholder())

    def end_token(self) -> None:
        """The service's token ends, late in the sequence."""
        if self.number > 20:
            tokens.end_token(cast.person("service").secrets.token_id, by=cast.person("lena").keyholder())

    def trespass(self) -> None:
        """The stranger tries to take back and to answer."""
        self._post("stan", f"disclosures/{self._pick('disclosure')}/taking-back")

    def _pick(self, kind: str) -> str:
        refs = list(Grant.objects.filter(record__kind=kind).order_by("pk").values_list("record__ref", flat=True))
        return self.random.choice(refs) if refs else "S-00000-00000"

    def _post(self, who: str, path: str, body: object = None) -> None:
        self._refuse(self.door.ask(who, "POST", path, body).status)

    def _refuse(self, status: int) -> None:
        assert status < 500
        if status >= 400:
            raise Refused("request:refused", by=None)


def live_practitioners(place: str) -> set[UUID]:
    """Who works in a team and does not lead it."""
    return set(
        Membership.objects.filter(
            team_id=cast.team(place), ended_at=None, role="practitioner", person__kind="person"
        ).values_list("person_id", flat=True)
    )


def test_the_two_locks_agree_after_every_act(database: Database, volume: Callable[[int, int], int]) -> None:
    seed = secrets.randbits(32)
    acts = Acts(seed)
    assert locks.find_disagreements() == []
    for _ in range(volume(30, 400)):
        acts.step()
        assert locks.find_disagreements() == [], (seed, acts.done)
    assert locks.find_keys_without_permission(acts.hoard) == [], (seed, acts.done)
    assert locks.find_permissions_without_key(acts.hoard[:6]) == [], (seed, acts.done)
    assert sum(number for name, number in acts.done.items() if "refused" not in name) > 12, (seed, acts.done)


def test_a_key_wrapped_to_a_member_goes_with_the_membership(database: Database) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    rhys, tom = cast.person("rhys"), cast.person("tom")
    Person.objects.filter(pk=rhys.person_id).update(valid_from=yesterday, valid_until=yesterday)
    tasks.expire()  # from now on the council's grants are wrapped to each member until their lead renews
    told = share_with("mash")
    by, record = tom.keyholder(), Record.objects.get(ref=told.to_mash)
    assert KeyWrap.objects.filter(grant__record=record, keys_id=by.keys_id).exists()
    assert locks.unlocks(by, record)
    assert Inside().ask("lena", "DELETE", f"memberships/{tom.membership_id}").status == 204
    assert not locks.unlocks(by, record)
    assert locks.find_disagreements() == []


def test_the_comparison_finds_each_way_in_which_the_locks_can_differ(database: Database) -> None:
    told = share_with("caiu")
    record = Record.objects.get(ref=told.to_mash)
    grant = Grant.objects.get(record=record, team_id=cast.team("caiu"))
    group = Team.objects.get(pk=cast.team("caiu")).group
    stan = Person.objects.get(pk=cast.person("stan").person_id)
    wrap = grant.wraps.get()

    assert locks.find_disagreements() == []
    with undone():
        RecordGroupPermission.objects.filter(group=group, content_object=record).delete()
        assert "a grant without guardian's permission" in str(locks.find_disagreements())
    with undone():
        RecordUserPermission.objects.create(user=stan, content_object=record, permission=permission())
        assert "guardian's permission without a grant" in str(locks.find_disagreements())
    with undone():
        wrap.delete()
        assert "a grant without a wrapped key" in str(locks.find_disagreements())
    with undone():
        KeyWrap.objects.create(grant=grant, keys=stan.keys.get(), wrapped=wrap.wrapped)
        assert "someone the grant is not to" in str(locks.find_disagreements())
    with undone():
        stan.groups.add(group)
        assert "differs from its memberships" in str(locks.find_disagreements())
    with undone():
        stan.user_permissions.add(permission())
        assert "1 global permissions" in str(locks.find_disagreements())
    assert locks.find_disagreements() == []


@contextmanager
def undone() -> Iterator[None]:
    """Undo what the block does to the rows."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def permission() -> Permission:
    """What guardian calls the right to open."""
    return Permission.objects.get(codename="record:open", content_type__app_label="exchange")


def share_with(name: str) -> Told:
    """A concern shared with one team; `to_mash` is what that team was given."""
    teller = Teller(Inside(), Words())
    teller.raise_concern()
    body = teller.decide("share", concern_version=1, shares=[teller.plan(team=cast.team(name))])
    (teller.told.to_mash,) = teller.do("amina", "POST", "decisions", body)["disclosures"]
    return teller.told
