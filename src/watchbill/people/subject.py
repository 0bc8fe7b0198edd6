"""What an act can be performed on. Lives below `acts` because people are subjects too."""

from django.apps import apps
from django.core.exceptions import FieldError, ObjectDoesNotExist
from django.db import models

from watchbill.lib.levels import Tier
from watchbill.lib.numbers import whole


class UnknownSubject(LookupError):
    """A reference such as "incidents.incident:42" that leads nowhere."""


class Subject(models.Model):
    """A row that people act on: it has a version, a tier and a place in timelines.

    `version` rises with every act that changes what others may be looking at; a go-ahead holds
    only for the version it was given on.
    """

    version = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        abstract = True

    @property
    def tier(self) -> Tier:
        """What is at stake; subclasses say so from their own fields."""
        return Tier.ROUTINE

    def thread(self) -> "list[Subject]":
        """The other subjects in whose timelines an act on this one is shown."""
        return []

    @property
    def ref(self) -> str:
        """How ledger rows, the API and the command line name it: "incidents.incident:42"."""
        return f"{self._meta.label_lower}:{self.pk}"


def find(ref: str) -> Subject:
    """The subject that `ref` names. Raises UnknownSubject.

    Besides the primary key, a model with a `slug` (or the field that its `KEY` names) is found by
    that: "catalog.component:checkout", "people.person:ann".
    """
    label, _, key = ref.partition(":")
    if not ref.isprintable():  # PostgreSQL cannot even be asked for some of them
        raise UnknownSubject("a reference has no control characters")
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        raise UnknownSubject(f"{label!r} is no kind of thing here") from None
    if not issubclass(model, Subject):
        raise UnknownSubject(f"{label!r} is not something to act on")
    name = getattr(model, "KEY", "slug")
    number = whole(key)
    by_key: dict[str, str | int] = {name: key} if number is None else {"pk": number}
    try:
        return model._default_manager.get(**by_key)
    except FieldError:
        raise UnknownSubject(f"a {model._meta.verbose_name} is named by its number") from None
    except ObjectDoesNotExist:
        raise UnknownSubject(f"there is no {model._meta.verbose_name} {key!r}") from None
