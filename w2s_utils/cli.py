"""The ``w2s`` command. Every failure is one line (or one per problem) and a status that is not zero.

Status 1: a chapter, a check or a verdict failed; 2: the command line asks for something that does not exist;
130: interrupted. Imports the standard library only until a command runs, so that ``--help`` always works.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from w2s_utils._parser import parser
from w2s_utils._progress import printable
from w2s_utils.environment import ROOT, cores

if TYPE_CHECKING:
    from w2s_utils.runner.execute import Result
    from w2s_utils.runner.verify import Check


class Failure(Exception):
    """Ends a command with status 1; the message has been chosen for the reader."""


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run one command; return its exit status."""
    options = parser().parse_args(arguments)
    if options.command is None:
        parser().print_help()
        return 2
    name = f"w2s {options.command}"
    # numpy may be imported by a command itself
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    previous = None
    try:
        previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    except ValueError:  # not in the main thread: whoever started it deals with signals
        pass
    try:
        return _COMMANDS[options.command](options, root, _say)
    except KeyboardInterrupt as interrupt:
        kept = "" if options.command in ("diagnose", "features") else "; finished chapters are kept"
        told = interrupt.args[0] if interrupt.args else f"interrupted{kept}"
        print(f"{name}: {told}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe (head, less) has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = Path(error.filename).as_posix() if error.filename else ""
        print(printable(f"{name}: {where}: {error.strerror or error}"), file=sys.stderr)
        return 1
    except (Failure, RuntimeError, ValueError) as error:
        # ChapterError and ParameterError are about what was asked for, the others about what came out
        print(*map(printable, f"{name}: {error}".split("\n")), sep="\n", file=sys.stderr)  # a log comes in lines
        return 2 if type(error).__name__ in ("ChapterError", "ParameterError") else 1
    finally:
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)


def _run(options: argparse.Namespace, root: Path, say: Callable[[str], None]) -> int:
    from w2s_utils.runner import against, chapters, execute, run_page

    given = [(name, value) for name, value in options.parameters]
    if options.sweeps or options.scheduler:
        return _sweep(options, root, given, say)
    jobs = [
        execute.Job(chapter, chapter.values(options.preset, given), options.preset, bool(given))
        for chapter in chapters.select(root, options.chapters)
    ]
    results = _execute(root, jobs, options.jobs, say)
    for result in results:
        if result.status != "failed":
            where = result.folder if result.job.custom else root / "_build" / "executed" / result.job.chapter.part
            say(f"notebook: {(where / f'{result.job.chapter.name}.ipynb').relative_to(root)}")
            say(f"figures: {(result.folder if result.job.custom else root / '_build').relative_to(root) / 'figures'}")
            if result.job.custom:
                found = against.compare(root, result.folder)
                page = run_page.write(root, result.job.chapter, result.folder, result.entry, found)
                say(f"page: {page.relative_to(root)}")
                for item in found:
                    say(f"against the reference: {item.figure}: {item.sentence}")
    return _judge(results, strict=not given)


def _sweep(options: argparse.Namespace, root: Path, given: list[tuple[str, str]], say: Callable[[str], None]) -> int:
    from w2s_utils.runner import chapters
    from w2s_utils.sweeps import running

    selected = chapters.select(root, options.chapters)
    if len(selected) != 1 or not options.sweeps:
        asked = "--scheduler without --sweep" if not options.sweeps else f"--sweep of {len(selected)} chapters"
        raise chapters.ChapterError(f"{asked} is not allowed: one chapter and --sweep NAME=VALUES, see w2s run --help")
    where = {"preset": options.preset, "scheduler": options.scheduler, "workers": options.jobs}
    running.run(root, selected[0], given, options.sweeps, say=say, **where)
    return 0


def _build(options: argparse.Namespace, root: Path, say: Callable[[str], None]) -> int:
    from w2s_utils.runner import book

    start = time.monotonic()
    results = _all_chapters(options, root, say)
    say(f"[{time.monotonic() - start:6.1f} s] book: pages into _build/html")
    index, fresh = book.build(root)
    say(f"[{time.monotonic() - start:6.1f} s] book: {'built' if fresh else 'unchanged'}")
    say(str(index))
    return _judge(results, strict=True)  # after the book, which is where to look at an unexpected verdict


def _all_chapters(options: argparse.Namespace, root: Path, say: Callable[[str], None]) -> list[Result]:
    from w2s_utils.runner import chapters, execute

    preset = options.preset
    jobs = [execute.Job(chapter, chapter.values(preset), preset) for chapter in chapters.select(root, [])]
    say(f"chapters: {len(jobs)}, preset {preset}")
    results = _execute(root, jobs, options.jobs, say)
    failed = [result.job.chapter.name for result in results if result.status == "failed"]
    if failed:
        raise Failure(f"the book was not built: {', '.join(failed)} failed, see above")
    return results


def _pdf(options: argparse.Namespace, root: Path, say: Callable[[str], None]) -> int:
    from w2s_utils.runner import pdf

    start = time.monotonic()
    pdf.require_tools()
    results = _all_chapters(options, root, say)
    say(f"[{time.monotonic() - start:6.1f} s] pdf: LaTeX, about a minute")
    target = pdf.build(root)
    say(f"[{time.monotonic() - start:6.1f} s] pdf: {target.stat().st_size / 1e6:.1f} MB")
    say(str(target))
    return _judge(results, strict=True)


def _test(options: argparse.Namespace, root: Path, say: Callable[[str], None]) -> int:
    from w2s_utils.runner import checks, receipts, verify

    built = main(["build"], root)
    if built == 130:
        return built
    if built:
        say("book FAILED")
    # the table of `w2s verify`, of the figures just made; the tests below decide
    if compared := verify.built(root):
        for line in verify.table(compared):
            say(line)
        if any(check.fresh for check in compared):
            receipts.write(receipts.make(root, compared), root / "_build" / "receipts")
    failed = checks.run(root, options.pytest, say)
    return 1 if built or failed else 0


def _list(options: argparse.Namespace, root: Path, say: Callable[[str], None]) -> int:
    from w2s_utils.runner import listing

    for line in listing.lines(root):
        say(line)
    return 0


def _env(options: argparse.Namespace, root: Path, say: Callable[[str], None]) -> int:
    from w2s_utils import __main__ as bootstrap

    return bootstrap.main(["env"])


def _verify(options: argparse.Namespace, root: Path, say: Callable[[str], None]) -> int:
    from w2s_utils.runner import receipts, verify

    checks = verify.verify(root, options.figures, workers=options.jobs, echo=say)
    for line in verify.table(checks):
        say(line)
    _report_problems("w2s verify", checks)
    if any(check.fresh for check in checks):
        folder = root / ("receipts" if options.keep else "_build/receipts")
        say(f"receipt: {receipts.write(receipts.make(root, checks), folder).relative_to(root)}")
    return 1 if any(check.problems for check in checks) else 0


def _report_problems(name: str, checks: list[Check]) -> None:
    for check in checks:
        for line in check.problems[:10]:
            print(f"{name}: {check.figure}: {line}", file=sys.stderr)
        if len(check.problems) > 10:
            print(f"{name}: {check.figure}: and {len(check.problems) - 10} more", file=sys.stderr)


def _refresh(options: argparse.Namespace, root: Path, say: Callable[[str], None]) -> int:
    from w2s_utils.runner import reference

    reference.refresh(root, options.chapters, workers=options.jobs, echo=say)
    return 0


def _features(options: argparse.Namespace, root: Path, say: Callable[[str], None]) -> int:
    if options.data is not None:
        return _own_features(options, say)
    if options.scheduler is not None:
        raise ValueError(
            f"--scheduler without --data is not allowed: stored features of {options.dataset} are made here"
        )
    from w2s_utils.datasets import building

    building.build(options.dataset, options.backbone, folder=root / "data" / "features", say=say)
    return 0


def _own_features(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    from w2s_utils.sweeps import extracting

    start = time.monotonic()
    workers = options.jobs or cores()
    folder = Path(options.data).expanduser()
    made = extracting.extract(
        options.dataset, options.backbone, data_dir=folder, scheduler=options.scheduler, workers=workers, say=say
    )
    rows, width = made.values.shape
    say(f"[{time.monotonic() - start:6.1f} s] {rows:,} rows of {width} features, in the cache for chapters on {folder}")
    return 0


def _diagnose(options: argparse.Namespace, root: Path, say: Callable[[str], None]) -> int:
    from w2s_utils.diagnose import diagnose, write

    start = time.monotonic()
    report = diagnose(
        options.weak,
        options.strong,
        options.labels,
        options.groups,
        n=options.n,
        unlabeled=options.unlabeled,
        allow_degenerate=options.allow_degenerate,
        threads=min(2, cores()),
    )
    page, data = write(report, options.out)
    for line in (report.content["first_line"], *report.content["verdict"], *report.content["cautions"]):
        say(line)
    say(f"[{time.monotonic() - start:6.1f} s] report: {page} and {data}")
    return 0


def _execute(root: Path, jobs: list, wanted: int | None, say: Callable[[str], None]) -> list[Result]:
    from w2s_utils.runner import execute

    if len(jobs) == 1:
        return execute.run(root, jobs, workers=1, inner=wanted or cores(), echo=say)
    return execute.run(root, jobs, workers=wanted or cores(), inner=1, echo=say)


def _judge(results: list[Result], strict: bool) -> int:
    """Print unexpected verdicts; status 1 for a failed chapter and, if strict, for those."""
    lines = [line for result in results for line in result.unexpected]
    if lines and not strict:
        print("with these parameters some verdicts are not those at the default ones:", file=sys.stderr)
    for line in lines:
        print(line, file=sys.stderr)
    failed = any(result.status == "failed" for result in results)
    return 1 if failed or (strict and lines) else 0


def _say(line: str) -> None:
    print(line, flush=True)


_COMMANDS: dict[str, Callable[[argparse.Namespace, Path, Callable[[str], None]], int]] = {
    "list": _list,
    "run": _run,
    "build": _build,
    "pdf": _pdf,
    "env": _env,
    "test": _test,
    "verify": _verify,
    "refresh": _refresh,
    "features": _features,
    "diagnose": _diagnose,
}
