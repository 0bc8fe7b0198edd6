"""The tail that live pages follow."""

from django.db import models

from watchbill.lib import clock


class Event(models.Model):
    """Something about `topic` changed. Says only that, never what: readers fetch what they may see.

    Rows are written in the transaction of the change itself and swept after an hour.
    """

    topic = models.CharField(max_length=80)
    at = models.DateTimeField(default=clock.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.pk} {self.topic}"
