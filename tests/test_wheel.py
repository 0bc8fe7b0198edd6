"""What a packager and a user meet: archives from a clean clone, and Watchbill run from the wheel.

Everything is built and installed for real, from the locked versions in uv's cache.
"""

import re
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.processes.installation import Installation, until

ROOT = Path(__file__).parent.parent
BUNDLE = "watchbill/web/static/dist/"
UV = shutil.which("uv")

pytestmark = [
    pytest.mark.server,
    pytest.mark.timeout(600),
    pytest.mark.skipif(UV is None, reason="uv is not on PATH"),
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone"),
]


def uv(*arguments: str | Path, cwd: Path) -> str:
    assert UV
    done = subprocess.run(
        [UV, "--quiet", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """The files of a commit of what lies here now."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [name for name in listed.splitlines() if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, tracked: list[str]) -> Path:
    """A clean clone: nothing built, nothing installed."""
    clone = tmp_path_factory.mktemp("clone")
    for name in tracked:
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, clone / name)
    return clone


@pytest.fixture(scope="module")
def archives(clone: Path) -> Path:
    """A folder with the source archive, and the wheel that was built from it."""
    out = clone.parent / "archives"
    uv("build", "--out-dir", out, cwd=clone)
    return out


@pytest.fixture(scope="module")
def wheel(archives: Path) -> Path:
    (wheel,) = archives.glob("*.whl")
    return wheel


def content(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel but for what the installer writes about it."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if "RECORD" not in name}


def test_the_wheel_holds_the_package_and_the_bundle_and_nothing_else(
    wheel: Path, tracked: list[str]
) -> None:
    held = {name for name in content(wheel) if ".dist-info/" not in name}
    package = {name.removeprefix("src/") for name in tracked if name.startswith("src/watchbill/")}
    assert {name for name in held if not name.startswith(BUNDLE)} == package
    kinds = {name.rpartition(".")[2] for name in held if name.startswith(BUNDLE)}
    assert {"css", "js", "json", "svg"} <= kinds
    for needed in ("py.typed", "ladder/default.md", "demo/rules/shop.yml", "demo/components.yml"):
        assert f"watchbill/{needed}" in held


def test_the_source_archive_holds_what_a_clone_holds(archives: Path, tracked: list[str]) -> None:
    (sdist,) = archives.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    of_the_clone = {name for name in tracked if not name.startswith((".ci/", ".pre-commit"))}
    assert of_the_clone - held == set()
    extra = held - of_the_clone - {"PKG-INFO"}
    assert {name for name in extra if not name.startswith(f"src/{BUNDLE}")} == set()


def test_the_clone_gives_the_same_wheel_without_the_source_archive(
    clone: Path, archives: Path, wheel: Path
) -> None:
    again = archives / "again"
    uv("build", "--wheel", "--out-dir", again, cwd=clone)
    assert content(again / wheel.name) == content(wheel)


class Installed(Installation):
    """The example system, run from a wheel: no checkout, no Node, an empty folder."""

    def __init__(self, venv: Path, cwd: Path) -> None:
        super().__init__(cwd / "data")
        self.venv, self.cwd = venv, cwd
        self.url = f"http://127.0.0.1:{self.web}"

    @property
    def environment(self) -> dict[str, str]:
        ours = ("PYTHON", "DJANGO")  # of the test run
        kept = {n: v for n, v in super().environment.items() if not n.startswith(ours)}
        return {**kept, "PATH": str(self.venv / "bin"), "HOME": str(self.cwd)}

    def start(self) -> None:
        self.process = subprocess.Popen(
            [self.venv / "bin" / "watchbill", "serve", "--demo"], cwd=self.cwd,
            env=self.environment, stdout=subprocess.PIPE,
            stderr=self.data.with_suffix(".log").open("a"), text=True,
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp("installed")
    venv, cwd = folder / "venv", folder / "empty"
    cwd.mkdir()
    locked = uv("export", "--frozen", "--no-dev", "--no-emit-project", "--no-hashes", cwd=ROOT)
    (folder / "locked.txt").write_text(locked)
    uv("venv", venv, cwd=folder)
    python = venv / "bin" / "python"
    uv("pip", "install", "--python", python, "-c", "locked.txt", wheel, cwd=folder)
    installed = Installed(venv, cwd)
    try:
        yield installed
    finally:
        for process in installed.processes():
            process.kill()
        if installed.process:
            installed.process.wait()
            assert installed.process.stdout
            installed.process.stdout.close()


def test_the_installed_wheel_runs_the_example(installed: Installed) -> None:
    assert shutil.which("node", path=installed.environment["PATH"]) is None
    installed.serve()
    until("the example team can sign in", lambda: "/sign-in/as/junior" in sign_in(installed), 60)
    files = re.findall(r'(?:href|src)="(/static/[^"#]+)', sign_in(installed))
    assert {file.rpartition(".")[2] for file in files} >= {"css", "js"}
    for file in files:
        answer = httpx.get(installed.url + file)
        assert (answer.status_code, len(answer.content) > 0) == (200, True), file
    with httpx.Client(base_url=installed.url, follow_redirects=True, timeout=20) as browser:
        csrf = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', browser.get("/sign-in").text)
        assert csrf
        browser.post("/sign-in/as/junior", data={"csrfmiddlewaretoken": csrf[1]})
        assert "Juna" in browser.get("/").text
        assert "checkout" in browser.get("/maintenance/components/").text
        assert browser.get("/ladder/").text.count('class="cell') >= 12
    assert installed.stop() == 0
    assert installed.processes() == []


def sign_in(installed: Installed) -> str:
    return httpx.get(f"{installed.url}/sign-in", timeout=10).text
