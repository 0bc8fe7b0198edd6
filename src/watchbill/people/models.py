"""Who there is and where each stands."""

from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.functional import cached_property

from watchbill.lib import clock
from watchbill.lib.levels import LEVEL_TITLES, Area
from watchbill.people.subject import Subject


class House(Subject):
    """The installation itself: one row. Acts that have no narrower subject are performed on it."""

    class Dial(models.TextChoices):
        """How strictly authority is enforced in an area (see `acts/authority.py`)."""

        ADVISE = "advise"
        ASK = "ask"
        ENFORCE = "enforce"

    name = models.CharField(max_length=100, default="Watchbill")
    dials = models.JSONField(default=dict)  # area -> dial; an area not named is at ASK

    def __str__(self) -> str:
        return self.name

    def dial(self, area: str) -> "House.Dial":
        """The dial of `area`."""
        return House.Dial(self.dials.get(area, House.Dial.ASK))

    @classmethod
    def get(cls) -> "House":
        """The one row, made on first use."""
        return cls.objects.get_or_create(pk=1)[0]


class People(BaseUserManager["Person"]):
    """Finds people by their user name, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> "Person":
        """As Django's sign-in asks for it."""
        return self.get(username__iexact=username)

    def humans(self) -> "models.QuerySet[Person]":
        """Everybody who can sign in and hold a level."""
        return self.filter(is_active=True, automation=False)


class Person(AbstractBaseUser, Subject):
    """Somebody who acts: a human, or an automation under the authority of who armed it."""

    username = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    email = models.EmailField(blank=True)
    zone = models.CharField(max_length=40, default="UTC")
    is_active = models.BooleanField(default=True)
    is_owner = models.BooleanField(default=False)
    automation = models.BooleanField(default=False)
    example = models.BooleanField(default=False)  # of the example team
    joined = models.DateTimeField(default=clock.now)

    USERNAME_FIELD = "username"
    KEY = "username"
    objects = People()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("username"), name="people_one_username_whatever_case")
        ]

    def __str__(self) -> str:
        return self.name or self.username

    @cached_property
    def levels(self) -> dict[str, int]:
        """Area -> the level this person is placed at now; 1 where nobody placed them yet."""
        placed = {area.value: 1 for area in Area}
        for standing in sorted(self.standings.all(), key=lambda standing: standing.pk):
            placed[standing.area] = standing.level
        return placed

    def level(self, area: str) -> int:
        """The level in `area`, 1 to 4; 0 for an automation, which holds none."""
        return 0 if self.automation else self.levels.get(area, 1)

    def forget(self) -> None:
        """Drop what was remembered of standing, seats, what waits, what to do: it is read anew."""
        for name in (
            "levels",
            "facts",
            "asks",
            "go_aheads",
            "do_now",
            "said",
            "_prefetched_objects_cache",
        ):
            self.__dict__.pop(name, None)


class Team(Subject):
    """People who run components together."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    members = models.ManyToManyField(Person, related_name="teams")

    def __str__(self) -> str:
        return self.name


class Standing(models.Model):
    """A person was placed at a level in an area. Rows are added, never changed; the last counts."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="standings")
    area = models.CharField(max_length=40)
    level = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=500)
    placed_by = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.person}: L{self.level} {LEVEL_TITLES.get(self.level, '')} in {self.area}"


class ContactMethod(Subject):
    """A way to reach a person. The address is personal: it is erased when removed."""

    class Kind(models.TextChoices):
        """The channels of the foundation."""

        EMAIL = "email"
        WEBHOOK = "webhook"

    person = models.ForeignKey(Person, models.PROTECT, related_name="contact_methods")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    address = models.CharField(max_length=500)
    signing_secret = models.CharField(max_length=300, blank=True)  # sealed, webhooks only
    order = models.PositiveSmallIntegerField(default=0)
    removed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.person}"


class Token(Subject):
    """A credential for machines and command lines: only its hash is kept.

    A personal token acts as its person; a source token may only bring in or read what its scopes
    name: "alerts" (Alertmanager API), "write" and "query" (telemetry).
    """

    class Kind(models.TextChoices):
        """Whose credential it is."""

        PERSONAL = "personal"
        SOURCE = "source"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    person = models.ForeignKey(Person, models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    made_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name

    def live(self, now: datetime) -> bool:
        """Neither revoked nor expired, and its person is still here.

        A source's token is the installation's: alerts must not stop when whoever made it leaves.
        """
        here = self.kind == Token.Kind.SOURCE or self.person.is_active
        return here and self.revoked_at is None and (not self.expires_at or now < self.expires_at)
