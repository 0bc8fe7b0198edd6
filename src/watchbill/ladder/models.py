"""The ladder in force, drafts of the next, and what was said of people on it."""

from django.db import models

from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.people.subject import Subject


class Ladder(Subject):
    """A ladder document that was read. The newest adopted one is in force."""

    title = models.CharField(max_length=200)
    text = models.TextField()
    levels = models.JSONField(default=dict)  # "1" -> "Junior developer"
    areas = models.JSONField(default=list)  # as `mapping.Where.row`, in the document's order
    drafted_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    drafted_at = models.DateTimeField(default=clock.now)
    adopted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """What adopting it changes."""
        return f"/ladder/drafts/{self.pk}"


class Duty(models.Model):
    """One duty of a ladder.

    `default_key` is the duty of the shipped ladder that it corresponds to, through which acts find
    it; a duty of another sort may name `acts` instead. Both are empty when nothing in Watchbill is
    evidence for it yet. `line` is the same for a duty in every ladder that has it: signatures are
    kept by it.
    """

    ladder = models.ForeignKey(Ladder, models.PROTECT, related_name="duties")
    key = models.CharField(max_length=20)
    area = models.CharField(max_length=60)
    level = models.PositiveSmallIntegerField()
    ordinal = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=500)
    default_key = models.CharField(max_length=20, blank=True)
    acts = models.JSONField(default=list)  # names of acts
    line = models.CharField(max_length=60, default="")

    class Meta:
        verbose_name_plural = "duties"
        constraints = [models.UniqueConstraint(fields=["ladder", "key"], name="ladder_duty_key")]

    def __str__(self) -> str:
        return f"{self.key} {self.text}"


class Judgement(Subject):
    """What somebody who may said of one person's line: signed, returned or waived.

    Rows are added, never changed, but for what the person adds: that they have seen it, and a
    contest, which somebody else answers. A judgement whose entry is void counts no more.
    """

    class Word(models.TextChoices):
        """What was said."""

        SIGNED = "signed"
        RETURNED = "returned"
        WAIVED = "waived"

    class Answer(models.TextChoices):
        """What somebody else said to a contest."""

        STANDS = "stands", "it stands"
        FALLS = "falls", "it is taken back"

    person = models.ForeignKey(Person, models.PROTECT, related_name="judgements")
    duty = models.ForeignKey(Duty, models.PROTECT, related_name="judgements")
    line = models.CharField(max_length=60)
    area = models.CharField(max_length=40)
    word = models.CharField(max_length=10, choices=Word.choices)
    by = models.ForeignKey(Person, models.PROTECT, related_name="judged")
    by_level = models.PositiveSmallIntegerField()
    as_owner = models.BooleanField(default=False)
    reason = models.CharField(max_length=500, blank=True)
    next_act = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=clock.now)
    noted_at = models.DateTimeField(null=True)
    contest = models.TextField(blank=True)
    contested_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=10, choices=Answer.choices, blank=True)
    answer_why = models.CharField(max_length=500, blank=True)
    answered_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["person", "line"], name="ladder_judgement_line")]

    def __str__(self) -> str:
        return f"{self.duty.key} of {self.person}: {self.word}"

    def thread(self) -> list[Subject]:
        """Shown on the person's page too."""
        return [self.person]

    def get_absolute_url(self) -> str:
        """The person's line."""
        return f"/ladder/people/{self.person.username}?duty={self.duty.key}#{self.duty.key}"


class SelfAssessment(models.Model):
    """How somebody sees themselves on a line. Theirs alone until they share their sheet."""

    class Word(models.TextChoices):
        """The same three as authority's."""

        NOT_YET = "not-yet", "not yet"
        GUIDED = "with-guidance", "with guidance"
        ALONE = "alone", "alone"

    person = models.ForeignKey(Person, models.PROTECT, related_name="self_assessments")
    duty = models.ForeignKey(Duty, models.PROTECT, related_name="+")
    line = models.CharField(max_length=60)
    word = models.CharField(max_length=15, choices=Word.choices)
    says = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.person} on {self.duty.key}: {self.word}"


class SharedSheet(models.Model):
    """Somebody let the others see their self-assessment as it was then."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="shared_sheets")
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.person} shared their sheet"


class Raise(Subject):
    """Somebody asks to be placed one level higher in an area. Over when they are, or declined."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="raises")
    area = models.CharField(max_length=40)
    level = models.PositiveSmallIntegerField()
    rests_on = models.CharField(max_length=500)
    at = models.DateTimeField(default=clock.now)
    declined_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    declined_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"{self.person} to L{self.level} in {self.area.replace('-', ' ')}"

    def thread(self) -> list[Subject]:
        """Shown on the person's page too."""
        return [self.person]

    def get_absolute_url(self) -> str:
        """The sheet that it is talked over with."""
        return f"/ladder/people/{self.person.username}/sheet"
