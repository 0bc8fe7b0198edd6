"""Tours that nobody has to write: of any component from its card, of its charts, of all targets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.urls import reverse

from watchbill.catalog.models import Component
from watchbill.lib.levels import Area
from watchbill.tours import facts
from watchbill.tours.models import Sort
from watchbill.tours.steps import Step

MOST_CHARTS = 6
DOWN = "count(up == 0) or vector(0)"
_REPOSITORY = ("repo", "source", "code", "git")


@dataclass(frozen=True)
class Made:
    """A tour as it stands now."""

    of: str
    title: str
    area: str
    sort: str
    steps: tuple[Step, ...]


def component_tour(component: Component) -> Made:
    """Its card, its repository, what was done to it, what it rests on."""
    card = component.get_absolute_url()
    steps = [
        Step("Who runs it", "fact", "Which team runs it?", "Look at its card.", card, fact="owner"),
        Step("What is at stake", "fact", "Which tier has it?",
             "The tier says how much harm a mistake does here, and so who may do what alone.",
             card, fact="tier"),
        Step("What it needs", "fact", "Name one component that it depends on, or say “none”.",
             "When it fails, one of these may be the reason.", card, fact="dependency"),
        Step("Who needs it", "fact", "How many other components need it?",
             "When it fails, these feel it.", card, fact="dependents"),
    ]  # fmt: skip
    if "runbooks" in facts.names():
        steps.append(
            Step("How it is mended", "fact", "How many runbooks are there for it?",
                 "A runbook is a procedure in steps.", card, fact="runbooks")
        )  # fmt: skip
    steps.append(
        Step("What is dangerous here", "text", "What would you not do here without asking first?",
             "Read its description and its runbooks with that in mind.", card)
    )  # fmt: skip
    for title, url in component.links.items():
        if any(word in f"{title} {url}".lower() for word in _REPOSITORY):
            steps.append(
                Step("Where its code lies", "text",
                     "Where does the code begin to run, and what changed last? Name the file and "
                     "the commit.", f"Open “{title}” and look around.", url)
            )  # fmt: skip
            break
    if "last-change" in facts.names():
        steps.append(
            Step("What was changed last", "fact",
                 "What is the title of the newest change? Say “none” if there is none.",
                 "Changes are the first thing to ask about when something breaks.", card,
                 fact="last-change")
        )  # fmt: skip
    steps.append(
        Step("Who was here last", "fact", "Who did something here last, as its timeline says?",
             "The timeline keeps everything that people did. Walks do not count.", card,
             fact="last-actor")
    )  # fmt: skip
    title = f"{component}: what it is and what it rests on"
    return Made("component", title, Area.MAINTENANCE, Sort.TOUR, tuple(steps))


def charts_tour(component: Component) -> Made:
    """Where a component's health is read."""
    page = reverse("monitoring:component", args=[component.slug])
    steps = [*_where(), *(_on_chart(chart, page) for chart in _charts(component))]
    steps.append(
        Step("How it does", "text", f"Is {component} well now? Say what you see that tells you.",
             "Look at all of its charts together, over a day as well.", f"{page}?range=1d")
    )  # fmt: skip
    title = f"{component}: reading its charts"
    return Made("charts", title, Area.MONITORING, Sort.TOUR, tuple(steps))


def component_round(component: Component) -> Made:
    """A watch round of one component."""
    page = reverse("monitoring:component", args=[component.slug])
    steps = [_down(), *(_capture(chart, page) for chart in _charts(component))]
    title = f"{component}: watch round"
    return Made("round", title, Area.MONITORING, Sort.ROUND, tuple(steps))


def monitoring_tour() -> Made:
    """The pages of monitoring."""
    steps = (
        *_where(),
        Step("Exploring", "find", "How many series does the query count(up) count?",
             "Anything that is measured can be asked for. Type the query yourself.",
             reverse("monitoring:explore"), query="count(up)", within=0.0),
        Step("How it does", "text", "Is the system well now? Say what you see that tells you.",
             "Look at the overview and at the alerts.", reverse("monitoring:overview")),
    )  # fmt: skip
    return Made("monitoring", "Finding your way in monitoring", Area.MONITORING, Sort.TOUR, steps)


def house_round() -> Made:
    """A watch round of everything that is measured."""
    hosts = reverse("monitoring:hosts")
    cpu = '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[2m]))'
    memory = "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"
    disk = "1 - node_filesystem_avail_bytes / node_filesystem_size_bytes"
    steps = (
        _down(),
        _capture({"title": "CPU in use", "query": cpu, "unit": "percent"}, hosts),
        _capture({"title": "Memory in use", "query": memory, "unit": "percent"}, hosts),
        _capture({"title": "Disk in use", "query": disk, "unit": "percent"}, hosts),
    )
    return Made("round", "Watch round", Area.MONITORING, Sort.ROUND, steps)


OF_COMPONENT: Mapping[str, Callable[[Component], Made]] = {
    "component": component_tour, "charts": charts_tour, "round": component_round,
}  # fmt: skip
OF_HOUSE: Mapping[str, Callable[[], Made]] = {"monitoring": monitoring_tour, "round": house_round}


def of_component(component: Component) -> list[Made]:
    """Every tour there is of a component without anybody's writing."""
    return [make(component) for make in OF_COMPONENT.values()]


def of_house() -> list[Made]:
    """Those of the installation as a whole."""
    return [make() for make in OF_HOUSE.values()]


def _where() -> list[Step]:
    return [
        Step("What is measured", "find", "How many targets are scraped now?",
             "A target is an address that metrics are fetched from.",
             reverse("monitoring:sources"), query="count(up)", within=0.0),
        Step("What is not heard from", "find", "How many of the targets are down now?",
             "What is not measured cannot raise an alert.",
             reverse("monitoring:sources"), query=DOWN, within=0.0),
    ]  # fmt: skip


def _charts(component: Component) -> list[dict[str, str]]:
    return list(component.charts[:MOST_CHARTS])


def _on_chart(chart: Mapping[str, str], page: str) -> Step:
    title = chart["title"]
    return Step(
        title, "find", f"What does “{title}” read now? Where it has several lines: the highest.",
        "The legend under a chart tells the value of each line.", page,
        query=f"max({chart['query']})", unit=chart.get("unit", ""),
    )  # fmt: skip


def _capture(chart: Mapping[str, str], page: str) -> Step:
    title = chart["title"]
    return Step(
        title, "capture", f"What does “{title}” look like to you?",
        "Look at the chart, over an hour and over a day. The page takes the value itself; you say "
        "what you make of it.", page,
        query=f"max({chart['query']})", unit=chart.get("unit", ""),
    )  # fmt: skip


def _down() -> Step:
    return Step(
        "Targets that are down", "capture", "Which targets are down, and is it known why?",
        "What is not measured cannot raise an alert.", reverse("monitoring:sources"), query=DOWN,
    )  # fmt: skip
