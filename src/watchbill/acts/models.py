"""The ledger: one row per act. Rows are never changed or deleted; the database refuses."""

from typing import Any

from django.db import models
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.people.subject import Subject


class Entries(models.QuerySet["Entry"]):
    """Ledger entries."""

    def valid(self) -> "Entries":
        """Without those that another entry voids: few, so they are looked up once, not by row."""
        return self.exclude(pk__in=Entry.objects.filter(voids__isnull=False).values("voids"))


class Entry(Subject):
    """What somebody did, asked, was refused, or what the machine did by itself."""

    class State(models.TextChoices):
        """`asked` waits for an answer; the answer is a row of its own that points back."""

        DONE = "done"
        ASKED = "asked"
        REFUSED = "refused"  # by authority
        HELD = "held"  # by a guide, with a reason
        WITHDRAWN = "withdrawn"  # by the one who asked, or taken over by the guide

    at = models.DateTimeField(default=clock.now)
    kind = models.CharField(max_length=60)
    by = models.ForeignKey(Person, models.PROTECT, related_name="entries")
    guide = models.ForeignKey(Person, models.PROTECT, null=True, related_name="guided")
    armed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="armed")
    state = models.CharField(max_length=10, choices=State.choices)
    mode = models.CharField(max_length=10)  # alone, guided, not yet; "machine" for no person
    rule = models.CharField(max_length=10)
    reason = models.CharField(max_length=500)
    stamp = models.CharField(max_length=60, blank=True)
    area = models.CharField(max_length=40)
    at_tier = models.PositiveSmallIntegerField()
    standing = models.PositiveSmallIntegerField()
    subject = models.CharField(max_length=80)  # "incidents.incident:42"
    subject_version = models.PositiveIntegerField()
    given = models.JSONField(default=dict)
    came_of_it = models.JSONField(default=dict)
    says = models.CharField(max_length=500)  # the timeline's words, fixed when it happened
    via = models.CharField(max_length=10)  # page, rest, cli, work
    answers = models.OneToOneField("self", models.PROTECT, null=True, related_name="answered_by")
    voids = models.ForeignKey("self", models.PROTECT, null=True, related_name="voided_by")

    objects = Entries.as_manager()

    # What the deed shows the actor once and nobody keeps (a new token); set when it is performed.
    once: dict[str, Any]

    class Meta:
        verbose_name = "ledger entry"
        indexes = [
            # What somebody practised is counted from these two alone, without the rows.
            models.Index(
                fields=["by", "state", "kind", "area", "subject", "id"], name="acts_entry_by"
            ),
            models.Index(
                fields=["guide", "state", "area", "subject", "id"], name="acts_entry_guide"
            ),
            models.Index(fields=["state", "at"], name="acts_entry_state"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.once = {}

    def __str__(self) -> str:
        return self.says

    @property
    def was_guided(self) -> bool:
        """A guide answered, as opposed to a second person who confirmed what was done alone."""
        return self.guide_id is not None and self.mode == "guided"


class Mention(models.Model):
    """An entry is in the timeline of `ref`: of its subject and of the subject's thread."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="mentions")
    ref = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ref", "entry"], name="acts_mention_once")]

    def __str__(self) -> str:
        return f"{self.entry_id} in {self.ref}"


class Evidence(models.QuerySet["Shown"]):
    """Rows of evidence."""

    def valid(self) -> "Evidence":
        """Without what rests on a void entry: its own, or one that its act looked back on."""
        void = Entry.objects.filter(voids__isnull=False)
        named = void.annotate(named=Concat(Value("acts.entry:"), Cast("voids", CharField())))
        return self.exclude(entry__in=void.values("voids")).exclude(
            entry__subject__in=named.values("named")
        )


class Shown(models.Model):
    """Evidence: with this entry it was shown that `person` fulfilled a duty, on `on`.

    `witness` saw it, took part in it or received it, and stood at `witness_level` in the duty's
    area then. Written with the entry (see `acts/shown.py`), and void when the entry is.
    """

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="shown")
    duty = models.CharField(max_length=20)  # of the shipped ladder: "IR-L1-3"
    person = models.ForeignKey(Person, models.PROTECT, related_name="shown")
    on = models.CharField(max_length=80)  # what it was shown on: "incidents.incident:42"
    witness = models.ForeignKey(Person, models.PROTECT, null=True, related_name="witnessed")
    witness_level = models.PositiveSmallIntegerField(default=0)
    drill = models.BooleanField(default=False)

    objects = Evidence.as_manager()

    class Meta:
        verbose_name_plural = "shown"
        constraints = [
            models.UniqueConstraint(
                fields=["person", "duty", "on", "entry"], name="acts_shown_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} showed {self.duty} on {self.on}"


class Kept(models.Model):
    """A secret or personal value that an act was given. The ledger holds only its number.

    Secrets are sealed; they are erased when the act is done, personal values on request.
    """

    sealed = models.BooleanField()
    value = models.TextField()
    erased_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"kept value {self.pk}"


class Need(models.Model):
    """A team's own number for a verb at a tier, in place of the default table's."""

    verb = models.CharField(max_length=20)
    tier = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=500)
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.verb} at tier {self.tier} from L{self.level}"
