"""Executes chapters in parallel processes, keeps what finished, and compares the verdicts."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from w2s_utils.environment import cores
from w2s_utils.runner import cache, locks, processes, scorecard
from w2s_utils.runner.chapters import Chapter

Echo = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """One run of one chapter."""

    chapter: Chapter
    parameters: dict[str, Any]
    preset: str = "fast"
    custom: bool = False


@dataclass(frozen=True)
class Result:
    """What became of a job.

    Attributes
    ----------
    status : str
        ``"done"``, ``"cached"`` or ``"failed"``.
    folder : Path
        The complete result, or where the partial notebook is.
    unexpected : list of str
        One line for each verdict that is not the committed one; always empty for a failed run.
    """

    job: Job
    status: str
    folder: Path
    entry: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    unexpected: tuple[str, ...] = ()


@dataclass
class _Running:
    job: Job
    key: str
    folder: Path
    process: subprocess.Popen[bytes]
    lock: IO[bytes]


def run(root: Path, jobs: list[Job], *, workers: int | None = None, inner: int = 1, echo: Echo = print) -> list[Result]:
    """Run jobs, `workers` at a time, skipping those whose result is already there.

    Parameters
    ----------
    root : Path
        Checkout; results go under ``root/_build``.
    jobs : list of Job
    workers : int, optional
        Chapters executed at once; all cores by default.
    inner : int
        ``W2S_JOBS``, the processes that one chapter may use.
    echo : callable
        Receives one line when a chapter starts and one when it ends.

    Returns
    -------
    list of Result
        In the order of `jobs`. An interrupt kills what runs, keeps what is finished and is raised again.
    """
    begin = time.monotonic()
    width = max((len(job.chapter.name) for job in jobs), default=0)

    def tell(job: Job, message: str) -> None:
        echo(f"[{time.monotonic() - begin:6.1f} s] {job.chapter.name:{width}}  {message}")

    scratch = root / "_build" / "tmp"
    cache.require_writable(_folders(root, jobs))
    processes.sweep(scratch)
    shared = cache.tree_hash(root)
    results: dict[int, Result] = {}
    waiting: list[tuple[float, int, str]] = []
    for index, job in enumerate(jobs):
        key = cache.key(job.chapter, job.parameters, job.preset, shared)
        folder = cache.slot(root, job.chapter, job.parameters, job.preset, job.custom)
        entry = cache.load(folder, key)
        if entry is None:
            waiting.append((-_expected_seconds(root, job, folder), index, key))
        else:
            results[index] = _finish(root, job, "cached", folder, entry)
            tell(job, "cached" + _summary(results[index]))
    waiting.sort()  # the longest first, so that no core waits for it at the end
    running: dict[int, _Running] = {}
    elsewhere: set[int] = set()
    try:
        while waiting or running:
            for item in list(waiting):
                if len(running) >= (workers or cores()):
                    break
                _, index, key = item
                job = jobs[index]
                folder = cache.slot(root, job.chapter, job.parameters, job.preset, job.custom)
                lock = locks.take(locks.of(root, folder))
                if lock is None:  # two runs of one chapter: the second takes what the first makes
                    if index not in elsewhere:
                        tell(job, "another w2s is running it: waiting")
                    elsewhere.add(index)
                    continue
                waiting.remove(item)
                if index in elsewhere and (entry := cache.load(folder, key)) is not None:
                    lock.close()
                    results[index] = _finish(root, job, "cached", folder, entry)
                    tell(job, "made by the other" + _summary(results[index]))
                    continue
                running[index] = _start(root, scratch, job, key, inner, lock)
                tell(job, f"start ({job.preset}{', own parameters' if job.custom else ''})")
            time.sleep(0.02)
            for index in [i for i, one in running.items() if one.process.poll() is not None]:
                ended = running.pop(index)
                try:
                    results[index] = _collect(root, ended)
                finally:
                    ended.lock.close()
                    shutil.rmtree(ended.folder, ignore_errors=True)
                tell(ended.job, _ending(root, results[index]))
    finally:
        for one in running.values():
            processes.kill(one.process)
            one.lock.close()
            shutil.rmtree(one.folder, ignore_errors=True)
    return [results[index] for index in range(len(jobs))]


def _folders(root: Path, jobs: list[Job]) -> Iterator[Path]:
    """Every folder that the results of these jobs will be put into."""
    parts = [f"executed/{job.chapter.part}" for job in jobs if not job.custom]
    yield from (root / "_build" / name for name in ("tmp", "failed", *parts, *(["figures"] if parts else [])))
    yield from (cache.slot(root, job.chapter, job.parameters, job.preset, job.custom).parent for job in jobs)


def _start(root: Path, scratch: Path, job: Job, key: str, inner: int, lock: IO[bytes]) -> _Running:
    folder = scratch / f"{job.chapter.name}-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "result" / "figures").mkdir(parents=True)
    context = {
        "chapter": job.chapter.name,
        "preset": job.preset,
        "parameters": job.parameters,
        "custom": job.custom,
        "output": str(folder / "result" / "figures"),
        "notebook": str(job.chapter.path),
        "jobs": inner,
    }
    (folder / "context.json").write_text(json.dumps(context), encoding="utf-8")
    defaults = {name: p.default for name, p in job.chapter.parameters.items()}
    content = {
        "source": str(job.chapter.path),
        "target": str(folder / "result" / f"{job.chapter.name}.ipynb"),
        "parameters": {name: value for name, value in job.parameters.items() if value != defaults[name]},
        "environment": processes.environment(root, inner, folder / "context.json"),
    }
    (folder / "job.json").write_text(json.dumps(content), encoding="utf-8")
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "w2s_utils.runner.worker", str(folder)],
            cwd=processes.PACKAGE_PARENT,
            env={**os.environ, **content["environment"]},  # type: ignore[dict-item]
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # an interrupt reaches the parent, which then ends its children
        )
    return _Running(job, key, folder, process, lock)


def _collect(root: Path, item: _Running) -> Result:
    job, made = item.job, item.folder / "result"
    if item.process.stdin is not None:
        item.process.stdin.close()
    try:
        outcome = json.loads((item.folder / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        lines = (item.folder / "log.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        reason = lines[-1] if lines else "no message"
        error = f"the process ended with status {item.process.returncode}: {reason}"
        outcome = {"ok": False, "cell": None, "error": error}
    notebook = made / f"{job.chapter.name}.ipynb"
    if not outcome["ok"]:
        failed = root / "_build" / "failed" / notebook.name
        failed.parent.mkdir(parents=True, exist_ok=True)
        if notebook.is_file():
            notebook.replace(failed)
        place = f"cell {outcome['cell']}: " if outcome["cell"] else ""
        return Result(job, "failed", failed, error=place + outcome["error"])
    claims = [claim for passport in scorecard.passports(made / "figures") for claim in passport["claims"]]
    entry = {
        "key": item.key,
        "chapter": job.chapter.name,
        "preset": job.preset,
        "parameters": job.parameters,
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": outcome["seconds"],
        "memory_mb": outcome["memory_mb"],
        "verdicts": {claim["id"]: claim["verdict"] for claim in claims},
        "unexpected": scorecard.unexpected(root, job.chapter.name, made / "figures"),
    }
    entry = cache.store(made, entry)
    folder = cache.slot(root, job.chapter, job.parameters, job.preset, job.custom)
    cache.replace(made, folder)
    (root / "_build" / "failed" / notebook.name).unlink(missing_ok=True)
    return _finish(root, job, "done", folder, entry)


def _finish(root: Path, job: Job, status: str, folder: Path, entry: dict[str, Any]) -> Result:
    if not job.custom:
        with locks.held(root / "_build" / "locks" / "install"):
            _install(root, job.chapter, folder)
    return Result(job, status, folder, entry, unexpected=tuple(entry["unexpected"]))


def _install(root: Path, chapter: Chapter, folder: Path) -> None:
    """Copy a default result to where the book, the tests and the reader look for it."""
    executed = root / "_build" / "executed" / chapter.part / f"{chapter.name}.ipynb"
    cache.write_text(executed, (folder / executed.name).read_text(encoding="utf-8"))
    figures = root / "_build" / "figures"
    made = {path.name: path for path in (folder / "figures").iterdir() if path.is_dir()}
    for passport in scorecard.passports(figures):
        if passport["chapter"] == chapter.name and passport["id"] not in made:
            shutil.rmtree(figures / passport["id"])
    for name, path in made.items():
        cache.copy(path, figures / name)


def _ending(root: Path, result: Result) -> str:
    if result.status == "failed":
        kept = f"; partial notebook: {result.folder.relative_to(root)}" if result.folder.is_file() else ""
        return f"failed: {result.error}{kept}"
    memory = result.entry["memory_mb"]
    size = f", {memory:.0f} MB" if memory else ""
    return f"done in {result.entry['seconds']:.1f} s{size}{_summary(result)}"


def _summary(result: Result) -> str:
    counts = scorecard.count_verdicts(result.entry["verdicts"].values())
    return "".join(f", {scorecard.worded(n, verdict)}" for verdict, n in counts.items())


def _expected_seconds(root: Path, job: Job, folder: Path) -> float:
    """Of the last run; before there is one, of the run behind the committed reference figures."""
    try:
        return float(json.loads((folder / cache.ENTRY).read_text(encoding="utf-8"))["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        passports = scorecard.passports(root / "figures")
        taken = [float(item["seconds"]) for item in passports if item.get("chapter") == job.chapter.name]
        return max(taken, default=float("inf"))
