"""Components: what the team runs."""

from django.db import models
from django.urls import reverse

from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Team
from watchbill.people.subject import Subject


class Component(Subject):
    """A service, job or part of the system with an owner and a tier."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    owner = models.ForeignKey(Team, models.PROTECT, related_name="components")
    stakes = models.PositiveSmallIntegerField(
        choices=[(tier.value, tier.word) for tier in Tier], default=Tier.ROUTINE
    )
    depends_on = models.ManyToManyField("self", symmetrical=False, related_name="dependents")
    links = models.JSONField(default=dict)  # title -> URL: repository, dashboards, documents
    charts = models.JSONField(default=list)  # [{"title", "query" (PromQL), "unit"}]
    area = Area.MAINTENANCE

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("catalog:component", args=[self.slug])

    @property
    def tier(self) -> Tier:
        """As the catalogue says."""
        return Tier(self.stakes)
