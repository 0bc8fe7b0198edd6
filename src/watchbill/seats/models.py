"""Standing seats, and the log that is kept while a watch is stood."""

from datetime import datetime, timedelta

from django.db import models
from django.urls import reverse

from watchbill.acts.facts import Seats, provides_seats
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.practice.about import AboutSubject
from watchbill.practice.models import Review

STOOD_AT_LEAST = timedelta(hours=1)
"""How long a watch is held before its hand-over shows anything: seats are quickly passed around."""


class Seat(AboutSubject):
    """A responsibility that somebody holds until they hand it over or it ends.

    It is about a team, the house or a component (watch), a component (caretaker) or the house
    (accountable, for its `area`). Who succeeds holds a seat of their own, which `follows` it.
    """

    class Role(models.TextChoices):
        """What is looked after."""

        WATCH = "watch"
        CARETAKER = "caretaker"
        ACCOUNTABLE = "accountable"

    role = models.CharField(max_length=12, choices=Role.choices)
    area = models.CharField(max_length=40, choices=[(area.value, area.title) for area in Area])
    holder = models.ForeignKey(Person, models.PROTECT, related_name="standing_seats")
    deputy = models.ForeignKey(Person, models.PROTECT, null=True, related_name="seats_deputised")
    provisional = models.BooleanField(default=False)  # until whoever it rests on accepts
    under_instruction = models.BooleanField(default=False)  # a watch that is stood to learn
    guide = models.ForeignKey(Person, models.PROTECT, null=True, related_name="watches_guided")
    given_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    since = models.DateTimeField(default=clock.now)
    term_ends = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)  # when it ended
    follows = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="followed_by"
    )  # the seat that was handed over
    handed_to = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    handed_at = models.DateTimeField(null=True)
    handover = models.TextField(blank=True)  # what the next one must know
    looked_back_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    looked_back_at = models.DateTimeField(null=True)
    looked_back = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["about", "role", "area"],
                condition=models.Q(until=None, provisional=False, under_instruction=False),
                name="seats_one_holder",
            ),
            models.UniqueConstraint(
                fields=["about", "role", "area", "holder"], condition=models.Q(until=None),
                name="seats_one_each",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["role", "until"], name="seats_by_role")]

    def __str__(self) -> str:
        if self.role == Seat.Role.ACCOUNTABLE:
            return f"accountable for {Area(self.area).title.lower()}"
        if self.role == Seat.Role.CARETAKER:
            return f"caretaker of {self.matter}"
        learning = " under instruction" if self.under_instruction else ""
        return f"watch over {self.matter}{learning}"

    def get_absolute_url(self) -> str:
        """Its page; of a watch that is stood, the watch page."""
        if self.is_watch and self.until is None:
            return f"{reverse('seats:watch')}?seat={self.pk}"
        return reverse("seats:seat", args=[self.pk])

    @property
    def tier(self) -> Tier:
        """To hold a seat changes nothing that runs; what is done in it has a tier of its own."""
        return Tier.ROUTINE

    @property
    def held(self) -> bool:
        """Accepted, and not ended."""
        return self.until is None and not self.provisional

    @property
    def is_watch(self) -> bool:
        """It has a log."""
        return self.role == Seat.Role.WATCH

    def stood(self, now: datetime) -> bool:
        """A watch that its holder has stood for a while and kept the log of."""
        if not self.is_watch or self.under_instruction or now - self.since < STOOD_AT_LEAST:
            return False
        return self.log.filter(by=self.holder).exists()

    def overdue(self, now: datetime) -> bool:
        """Its term is over and nobody ended or renewed it."""
        return self.until is None and self.term_ends is not None and self.term_ends <= now


class LogEntry(models.Model):
    """A line of a watch log. Nobody edits it. `values` is what its query gave at that moment."""

    seat = models.ForeignKey(Seat, models.PROTECT, related_name="log")
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    text = models.CharField(max_length=1000)
    query = models.CharField(max_length=1000, blank=True)  # PromQL
    values = models.JSONField(null=True)  # [{"series": "up{job=…}", "value": 1.0}]
    capture_after = models.DateTimeField(null=True)  # when to ask next; null: nothing to ask
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "log entries"
        indexes = [
            models.Index(
                fields=["capture_after"], name="seats_log_capture",
                condition=models.Q(capture_after__isnull=False),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.text


OVERSEES = frozenset({"oversee"})


@provides_seats(*OVERSEES)
def accountable_seats(person: Person) -> Seats:
    """Whoever is accountable for an area oversees its open reviews, while their term runs."""
    mine = Seat.objects.filter(
        holder=person, role=Seat.Role.ACCOUNTABLE, until=None, provisional=False
    )
    areas = [seat.area for seat in mine if not seat.overdue(clock.now())]
    if not areas:
        return {}
    reviews = Review.objects.filter(area__in=areas, state=Review.State.OPEN)
    return {review.ref: OVERSEES for review in reviews}
