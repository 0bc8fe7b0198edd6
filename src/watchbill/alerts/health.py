"""What of the rules an operator has to mend."""

from collections.abc import Iterator

from django.conf import settings

from watchbill.alerts.models import Rule, RuleFile
from watchbill.web.health import Problem


def problems() -> Iterator[Problem]:
    """Refused rule files, rules that fail, a rules folder that is gone."""
    for file in RuleFile.objects.filter(present=True).exclude(wrong="").order_by("path"):
        yield Problem(
            f"rule file {file.path}",
            f"line {file.line}: {file.wrong}",
            f"{file.hint} Until then the version before stays in force.".strip(),
        )
    if not settings.RULES.is_dir() and RuleFile.objects.filter(present=True).exists():
        yield Problem("rules", f"the folder {settings.RULES} is gone", "Its rules stay in force.")
    for rule in Rule.objects.filter(in_force=True, health=Rule.Health.ERROR).order_by("id")[:20]:
        yield Problem(f"rule {rule.name}", rule.error)
