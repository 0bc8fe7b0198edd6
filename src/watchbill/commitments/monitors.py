"""Whether a monitor with some query is in force: rules and charts are known to the apps above.

An app that has monitors registers a function here:

    @provides_monitors
    def rules(query: str) -> bool:
        ...
"""

from collections.abc import Callable

from watchbill.catalog.models import Component

MonitorProvider = Callable[[str], bool]
_providers: list[MonitorProvider] = []


def provides_monitors(provider: MonitorProvider) -> MonitorProvider:
    """Register a function that tells whether a monitor with this query (`plain`) is in force."""
    _providers.append(provider)
    return provider


def plain(query: str) -> str:
    """A query without its white space, so that two ways of writing it are the same."""
    return "".join(query.split())


def in_force(query: str, component: Component) -> bool:
    """A rule with this query is in force, or `component` has it as a chart."""
    wanted = plain(query)
    if not wanted:
        return False
    if any(plain(str(chart.get("query", ""))) == wanted for chart in component.charts):
        return True
    return any(provider(wanted) for provider in _providers)
