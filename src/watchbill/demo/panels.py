"""What the example shows on other pages: the bar of its people, and the tour at the top of Now."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from watchbill.accounts.reads import Place, example_team
from watchbill.acts.web import Request
from watchbill.demo import tour
from watchbill.demo.models import Scene
from watchbill.home.panels import provides_sheet
from watchbill.people import example
from watchbill.people.models import House, Person
from watchbill.web.context import provides_bar


def _example_person(request: HttpRequest) -> bool:
    reader = getattr(request, "user", None)
    return example.shown() and isinstance(reader, Person) and reader.example


@provides_bar
def team(request: HttpRequest) -> SafeString | None:
    """Whose address this is, and the addresses of the others."""
    if not _example_person(request) or not example.beside(request):
        return None
    path = request.path if request.method == "GET" else "/"
    team = addresses(request, path)
    mine = example.whose(request) == request.user
    return render_to_string(
        "demo/bar.html", {"team": team, "reader": request.user, "own_address": mine}
    )


def addresses(request: HttpRequest, path: str) -> list[tuple[Person, str, str]]:
    """The example people with where they stand, and `path` at the address of each."""
    return [
        (person, _stands(places), example.address_of(person.username, request, path))
        for person, places in example_team()
    ]


def _stands(places: list[Place]) -> str:
    """ "L2", or where it differs by area "L1 L3 L2"."""
    levels = [at.short for at in places]
    return levels[0] if len(set(levels)) == 1 else " ".join(levels)


@provides_sheet(order=10)
def tour_sheet(request: Request) -> SafeString | None:
    """The five steps, or what remains of the sheet when it was put away."""
    if not _example_person(request):
        return None
    scene = Scene.now()
    shown = request.user.username not in scene.without_tour
    found = tour.steps(request) if shown else []
    context = {
        "steps": found,
        "done": sum(step.done for step in found),
        "scene": scene,
        "house": House.get(),
        "who": request.user,
    }
    return render_to_string("demo/tour.html", context, request)
