"""Things that are about something else: a review about an incident, a run about an alert."""

from django.db import models
from django.utils.functional import cached_property

from watchbill.acts.registry import Given
from watchbill.lib.levels import Area
from watchbill.people.subject import Subject, find


class AboutSubject(Subject):
    """A subject that is about another one, and is shown in that one's timeline too.

    It may be about a thing of any app, also of apps above: the reference is words, not a key.
    """

    about = models.CharField(max_length=80, db_index=True)  # "incidents.incident:42"

    class Meta:
        abstract = True

    @cached_property
    def matter(self) -> Subject:
        """What it is about. Raises UnknownSubject when its app is not installed any more."""
        return find(self.about)

    def thread(self) -> list[Subject]:
        """What it is about, and whatever that belongs to."""
        matter = self.matter
        return [matter, *matter.thread()]


def area_of(on: Subject, given: Given) -> str:
    """The area of what somebody acts on; incident response for what has none."""
    return str(getattr(on, "area", Area.INCIDENT_RESPONSE))
