"""Several processes give the same bytes and problems as one, and none is left behind."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest
from support.commands import run, start
from support.projects import CALENDAR, DOT, NOW, VENUES, tree, write_files

from calfeed.cache.memory import Memory
from calfeed.diagnostics.problem import OutputError, SourceError
from calfeed.parallel import Executor, processes, spread
from calfeed.pipeline.build import build
from calfeed.resolve.event_files import read_files
from calfeed.resolve.load import load, load_with

_R = TypeVar("_R")
MANY = 2_010
"""Enough files to use several processes."""


class Elsewhere:
    """An executor like those of other machines: arguments and results are pickled."""

    def __init__(self) -> None:
        self.batches = 0

    def submit(self, work: Callable[..., _R], /, *given: Any) -> Future[_R]:
        """Do the work as if elsewhere."""
        self.batches += 1
        future: Future[_R] = Future()
        try:
            function, arguments = pickle.loads(pickle.dumps((work, given)))  # noqa: S301 - our own
            future.set_result(pickle.loads(pickle.dumps(function(*arguments))))  # noqa: S301
        except Exception as cause:  # noqa: BLE001 - the future re-raises it
            future.set_exception(pickle.loads(pickle.dumps(cause)))  # noqa: S301
        return future


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with many files: all-day, timed, series, a picture, an inline venue, defaults, a warning."""
    root = tmp_path_factory.mktemp("many")
    kinds = (
        "start: 2027-03-{day:02} 18:00\nend: 20:00\nvenue: hub\n",
        "start: 2027-04-{day:02}\ncategories: [Music]\n",
        "start: 2027-10-{day:02} 09:30\nduration: 45m\ndescription: With *[tea](https://x.example/)*\n",
        "start: 2027-05-{day:02} 18:00\nrrule: {{freq: weekly, count: 9}}\nexdates: 2027-05-{day:02}\n",
        "start: 2027-06-{day:02} 18:00\nvenue: {{name: Pier, timezone: Europe/Oslo}}\nimage: pier.gif\n",
        "start: 2027-07-{day:02} 18:00\n",
    )
    files = {
        f"events/{number % 7}/event-{number:04}.yaml": f"summary: Event {number}\n"
        + kinds[number % len(kinds)].format(day=number % 28 + 1)
        for number in range(MANY)
    }
    files |= {f"events/{folder}/pier.gif": DOT for folder in range(7)}
    files["events/3/_defaults.yaml"] = "organizer: Harbour Museum\nbusy: true\n"
    files["events/calendar.yaml"] = CALENDAR.replace("automatic_feeds: []\n", "")
    files["events/venues.yaml"] = VENUES
    write_files(root, files)
    return root / "events"


def copied(many: Path, tmp_path: Path) -> Path:
    """Return a copy of the folder `events` that a test may change."""
    shutil.copytree(many, tmp_path / "copy" / "events")
    return tmp_path / "copy"


def everything(source: Path, target: Path, executor: Executor | None) -> tuple[dict[str, bytes], tuple[object, ...]]:
    """Return every file of a build, and its problems."""
    result = build(source, target, now=NOW, executor=executor)
    return tree(target), result.problems


def test_other_processes_give_the_same_bytes(many: Path, tmp_path: Path) -> None:
    """Several processes give the same files, byte for byte, and the same problems as one."""
    elsewhere = Elsewhere()
    alone = everything(many, tmp_path / "alone", None)
    assert alone == everything(many, tmp_path / "elsewhere", elsewhere)
    assert elsewhere.batches == 2 * (MANY // 200 + 1)
    with processes(2) as executor:
        assert alone == everything(many, tmp_path / "processes", executor)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_processes_however_they_start(many: Path, tmp_path: Path, method: str) -> None:
    """A standard executor gives the same bytes, whichever way its processes start."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as executor:
        load(many, executor=executor)
        assert load(many, executor=executor) == load(many)


def test_results_of_processes_are_cached(many: Path, tmp_path: Path) -> None:
    """A build after one with several processes neither reads nor renders anything unchanged."""
    build(many, tmp_path / "dist", now=NOW, executor=Elsewhere())
    elsewhere = Elsewhere()
    assert not build(many, tmp_path / "dist", now=NOW, executor=elsewhere).changes
    assert elsewhere.batches == 0  # too little work is left to be worth it


def test_errors_from_other_processes_are_those_of_one(many: Path, tmp_path: Path) -> None:
    """Errors are the same, including hints that depend on the ids of other files."""
    broken = {
        "events/a-list.yaml": "- summary: Event 7\n  start: 2027-01-01\n- summary: a-list\n  start: never\n",
        "events/b.yaml": "summary: B\nstart: 2027-03-28 03:30\nend: 2027-03-28 05:00\n",
        "events/c.yaml": "id: event-0001\nsummary: C\nstart: 2027-03-28\n",
        "events/d.yaml": "[\n",
        "events/e.yaml": "summary: E\nstart: 2027-01-01\nimage: missing.png\n",
        "events/z-list.yaml": "- summary: Event 7\n  start: 2027-01-01\n- summary: B\n  start: 2027-01-02\n",
    }
    root = copied(many, tmp_path)
    write_files(root, broken)
    messages = []
    for executor in (None, Elsewhere()):
        with pytest.raises(SourceError) as caught:
            load(root / "events", executor=executor)
        messages.append(caught.value.problems)
    assert messages[0] == messages[1]
    assert {problem.code for problem in messages[0]} > {
        "missing-id",
        "nonexistent-time",
        "duplicate-id",
        "missing-image",
    }


def test_template_that_fails_elsewhere(many: Path, tmp_path: Path) -> None:
    """A custom template that fails in another process is reported with its file and line."""
    root = copied(many, tmp_path)
    write_files(root, {"events/_templates/event.html": "<p>\n{{ event.sumary }}</p>\n"})
    messages = []
    for executor in (None, Elsewhere()):
        with pytest.raises(SourceError) as caught:
            build(root / "events", tmp_path / "dist", now=NOW, executor=executor)
        messages.append(caught.value.problems)
    assert messages[0] == messages[1]
    assert [(problem.code, problem.mark.line) for problem in messages[0]] == [("bad-template", 2)]


def test_executor_that_works_in_another_folder(many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that started in another folder read the right files under the right names."""
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    with ProcessPoolExecutor(1) as executor:
        executor.submit(len, ()).result()
        monkeypatch.chdir(many.parent)
        project = load("events", executor=executor)
    assert project == load("events")
    assert {event.mark.path.split("/")[0] for event in project.events} == {"events"}


def test_no_file_is_read_twice(many: Path) -> None:
    """Files read by other processes are not read again; a picture is read once, in this process."""
    loaded = load_with(Memory(), many, executor=Elsewhere())
    paths = [stamp.path for stamp in loaded.stamps]
    assert len(paths) == len(set(paths))
    assert sum(path.endswith(".gif") for path in paths) == len(loaded.project.images) == 7


def test_what_is_left_is_cancelled(many: Path, tmp_path: Path) -> None:
    """A failed build leaves no work in an executor that was passed in."""
    root = copied(many, tmp_path)
    write_files(root, {"events/_templates/index.html": "{{ nothing.there }}"})
    slow = Later()
    with pytest.raises(SourceError):
        build(root / "events", tmp_path / "dist", now=NOW, executor=slow)
    assert slow.futures
    assert all(future.cancelled() or future.done() for future in slow.futures)


class Later(Elsewhere):
    """An executor that reads files at once, but does not start the pages."""

    def __init__(self) -> None:
        super().__init__()
        self.futures: list[Future[Any]] = []

    def submit(self, work: Callable[..., _R], /, *given: Any) -> Future[_R]:
        """Do the work now if it reads files."""
        if given[0] is read_files:
            return super().submit(work, *given)
        self.futures.append(Future())
        return self.futures[-1]


def test_results_come_in_order() -> None:
    """Results come in the order of the items; few items are not sent to other processes."""
    given = list(range(2_345))
    done = spread(Elsewhere(), _multiplied, 3, given)
    assert done is not None
    assert list(done) == [3 * number for number in given]
    assert spread(Elsewhere(), _multiplied, 3, given[:1_999]) is None
    assert spread(None, _multiplied, 3, given) is None


def _multiplied(factor: int, numbers: Sequence[int]) -> Sequence[int]:
    return [factor * number for number in numbers]


class Broken:
    """An executor that lost a process before it got work."""

    def submit(self, _work: Callable[..., _R], /, *_given: Any) -> Future[_R]:
        """Fail, because the executor is broken."""
        raise BrokenExecutor


def test_executor_that_is_broken_from_the_beginning() -> None:
    """An executor that no longer accepts work is reported like one that breaks."""
    with pytest.raises(OutputError) as caught:
        spread(Broken(), _multiplied, 3, range(2_345))
    assert [problem.code for problem in caught.value.problems] == ["lost-process"]


def test_one_process_starts_no_others() -> None:
    """With one process, all work is done in this process."""
    with processes(1) as executor:
        assert executor is None


def test_option(many: Path, tmp_path: Path) -> None:
    """`--jobs` takes a number of at least one, and does not change the output."""
    for jobs in ("1", "2"):
        result = run("build", str(many), "-o", str(tmp_path / jobs), "--jobs", jobs)
        assert result.exit_code == 0, result.stderr
    assert tree(tmp_path / "1") == tree(tmp_path / "2")
    assert run("build", str(many), "--jobs", "0").exit_code == 2


# -- ends -------------------------------------------------------------------------------------------------------


METHODS = {"fork": 3, "forkserver": 5, "spawn": 4}
"""Start methods, and the total number of processes with each: some need a server or a tracker."""
BUILD = """\
import multiprocessing, sys
from calfeed.cli.main import main
if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv.pop())
    main()
"""


@pytest.fixture(params=METHODS)
def building(many: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """Start a build with two worker processes, in its own process group, and wait until they run."""
    script = tmp_path / "build.py"
    script.write_text(BUILD, encoding="utf-8")
    command = [sys.executable, str(script), "build", str(many), "-o", str(tmp_path / "dist"), "--jobs", "2"]
    with start([*command, request.param], is_group=True) as started:
        wait_for(lambda: len(processes_of(started.pid)) == METHODS[request.param])
        yield started
        wait_for(lambda: not processes_of(started.pid))


def processes_of(group: int) -> list[int]:
    """Return the living processes of a group, on Linux."""
    living = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                _, _, fields = (entry / "stat").read_text("utf-8").rpartition(") ")
            except OSError:  # it has ended meanwhile
                continue
            state, _parent, its_group, *_ = fields.split()
            if int(its_group) == group and state != "Z":
                living.append(int(entry.name))
    return living


def wait_for(is_so: Callable[[], bool]) -> None:
    """Wait until a condition holds, for at most thirty seconds."""
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        os.sched_yield()


only_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lists processes in /proc")


def test_an_interrupt_reaches_processes_of_tests() -> None:
    """A process started by a test handles interrupts, even if the tests run in the background and ignore them."""
    command = [sys.executable, "-c", "import signal; print(signal.getsignal(signal.SIGINT).__name__)"]
    inherited = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with start(command) as process:
            output, _ = process.communicate(timeout=30)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, inherited)
    assert output.strip() == "default_int_handler"


@only_linux
def test_killed_build_leaves_no_process(building: subprocess.Popen[str], tmp_path: Path) -> None:
    """The worker processes of a killed build end with it, and the next build finishes its work."""
    building.kill()
    building.wait()
    wait_for(lambda: not processes_of(building.pid))
    assert not (tmp_path / "dist").exists()


@only_linux
def test_interrupted_build_leaves_no_process(
    building: subprocess.Popen[str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Ctrl-C, sent to the whole group, ends a build. Forked processes print nothing; others may, while starting."""
    os.killpg(building.pid, signal.SIGINT)
    _, output = building.communicate()
    assert building.returncode == 1
    assert "Aborted!" in output
    assert request.node.callspec.params["building"] != "fork" or output.strip() == "Aborted!"
    assert not (tmp_path / "dist").exists()


@only_linux
@pytest.mark.parametrize("pause", [0.0, 0.05, 0.3])
def test_impatience_leaves_no_process(building: subprocess.Popen[str], pause: float) -> None:
    """A second Ctrl-C during the first also ends the build with all its processes."""
    os.killpg(building.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        building.wait(pause)
    with suppress(ProcessLookupError):
        os.killpg(building.pid, signal.SIGINT)
    building.communicate(timeout=30)
    assert building.returncode != 0


LIMITED = """\
import resource, sys
from calfeed.cli.main import main
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv.pop()),) * 2)
main()
"""


@only_linux
@pytest.mark.parametrize("files", [16, 20, 24, 32])
def test_where_no_process_can_be_started(many: Path, tmp_path: Path, files: int) -> None:
    """If the system refuses processes, or their means to communicate, one process does everything."""
    command = [sys.executable, "-c", LIMITED, "build", str(many), "-o", str(tmp_path / "dist"), "--jobs", "8"]
    done = subprocess.run([*command, str(files)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "files written" in done.stdout


@only_linux
def test_lost_process_is_reported(building: subprocess.Popen[str], tmp_path: Path) -> None:
    """A build that loses a worker process, perhaps for lack of memory, says so and writes nothing."""
    os.kill(max(processes_of(building.pid)), signal.SIGKILL)  # the latest: those that help to start it come first
    _, output = building.communicate()
    assert building.returncode == 1
    assert re.search(r"error: a worker process was lost; .* \[lost-process\]\n", output)
    assert not (tmp_path / "dist").exists()
