"""The rail: the few places everything is found in, in this order, and the tabs inside each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tab:
    """A page that stands beside others of its section, under the lead."""

    label: str
    path: str


@dataclass(frozen=True)
class Section:
    """One place. `short` stands under the icon on a phone; `in_bar` places fit in its bar.

    `owns` are the paths besides `path` whose pages lie in it; `tabs` show on its list pages.
    """

    key: str
    label: str
    short: str
    icon: str
    path: str
    owns: tuple[str, ...] = ()
    tabs: tuple[Tab, ...] = ()
    in_bar: bool = True

    def depth(self, path: str) -> int:
        """How many characters of `path` name this section: 0 when it lies elsewhere."""
        if path == self.path:
            return len(path)
        roots = [root for root in (self.path, *self.owns) if root != "/"]
        return max((len(root) for root in roots if path.startswith(root)), default=0)


SECTIONS = (
    Section("now", "Now", "Now", "circle-dot", "/", owns=("/asks",)),
    Section(
        "incidents", "Incident response", "Incidents", "siren", "/incidents/",
        owns=(
            "/page/", "/runbooks/", "/runs/", "/investigations/", "/commitments/",
        ),
        tabs=(
            Tab("Incidents", "/incidents/"),
            Tab("Your pages", "/page/"),
            Tab("Runbooks", "/runbooks/"),
            Tab("Investigations", "/investigations/"),
            Tab("Commitments", "/commitments/"),
        ),
    ),
    Section(
        "monitoring", "Monitoring", "Monitoring", "activity", "/monitoring/",
        tabs=(
            Tab("Overview", "/monitoring/"),
            Tab("Watch", "/monitoring/watch/"),
            Tab("Alerts", "/monitoring/alerts/"),
            Tab("Rules", "/monitoring/rules/"),
            Tab("Silences", "/monitoring/silences/"),
            Tab("Explore", "/monitoring/explore/"),
            Tab("Reports", "/monitoring/reports/"),
            Tab("Hosts", "/monitoring/hosts/"),
            Tab("Sources", "/monitoring/sources/"),
        ),
    ),
    Section(
        "maintenance", "Maintenance", "Maintain", "wrench", "/maintenance/",
        owns=("/standards/",),
        tabs=(
            Tab("Changes", "/maintenance/"),
            Tab("Past changes", "/maintenance/changes/past/"),
            Tab("Components", "/maintenance/components/"),
            Tab("Standards", "/standards/"),
        ),
    ),
    Section(
        "learning", "Learning", "Learning", "lightbulb", "/reviews/",
        owns=("/improvements/", "/designs/", "/proposals/", "/tours/"),
        tabs=(
            Tab("Reviews", "/reviews/"),
            Tab("Improvements", "/improvements/"),
            Tab("Designs", "/designs/"),
            Tab("Proposals", "/proposals/"),
            Tab("Tours", "/tours/"),
        ),
        in_bar=False,
    ),
    Section(
        "ladder", "Ladder", "Ladder", "list-checks", "/ladder/",
        owns=("/people/", "/teams/", "/pairings/", "/seats/"),
        tabs=(
            Tab("Your place", "/ladder/"),
            Tab("Team", "/ladder/team"),
            Tab("Duties", "/ladder/duties"),
            Tab("Pairings", "/pairings/"),
            Tab("People", "/people/"),
            Tab("Seats", "/seats/"),
            Tab("Ladders", "/ladder/drafts/"),
        ),
        in_bar=False,
    ),
)  # fmt: skip


def section_of(path: str) -> Section | None:
    """The section that `path` lies in; None for pages outside the rail."""
    deepest = max(SECTIONS, key=lambda section: section.depth(path))
    return deepest if deepest.depth(path) else None
