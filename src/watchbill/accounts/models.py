"""What signing in remembers."""

from django.db import models

from watchbill.lib import clock


class FailedSignIn(models.Model):
    """A wrong password, to slow down guessing. Swept after a day."""

    username = models.CharField(max_length=40)
    at = models.DateTimeField(default=clock.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.username} at {self.at}"
