"""``w2s list``: chapters with their last run and the parameters they take."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from w2s_utils.runner import cache, chapters, scorecard
from w2s_utils.runner.chapters import Chapter
from w2s_utils.runner.parameters import Parameter, shown, text_of

PRESETS = ("fast", "paper")


def lines(root: Path) -> list[str]:
    """What ``w2s list`` prints."""
    shared = cache.tree_hash(root)
    found, committed = chapters.discover(root), scorecard.committed(root)
    made = [f"chapter {Path(name).name} is listed in _toc.yml but does not exist" for name in chapters.missing(root)]
    for part in dict.fromkeys(chapter.part for chapter in found):
        made.append(part)
        for chapter in (c for c in found if c.part == part):
            made += [f"  {chapter.name}", f"    {chapter.title}", f"    {_status(chapter, committed)}"]
            made.append(f"    {_last_run(root, chapter, shared)}")
            width = max((len(_declaration(p)) for p in chapter.parameters.values()), default=0)
            allowed = max((len(p.allowed) for p in chapter.parameters.values()), default=0)
            for parameter in chapter.parameters.values():
                row = f"{_declaration(parameter):{width}}  {parameter.allowed:{allowed}}  {parameter.help}"
                made.append(f"    -p {row}".rstrip())
    return made or ["no chapters"]


def _declaration(parameter: Parameter) -> str:
    return f"{parameter.name}: {parameter.type} = {text_of(parameter.default)}"


def _status(chapter: Chapter, committed: dict[str, dict[str, str]]) -> str:
    counts = scorecard.count_verdicts(
        row["verdict"] for row in committed.values() if row.get("chapter") == chapter.name
    )
    return "status: " + (_counted(counts) or "no claims")


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(scorecard.worded(n, verdict) for verdict, n in counts.items())


def _last_run(root: Path, chapter: Chapter, shared: str) -> str:
    """The latest complete run, be it the chapter's own settings or the reader's."""
    places = [cache.slot(root, chapter, chapter.values(preset), preset, custom=False) for preset in PRESETS]
    places += sorted((root / "_build" / "runs").glob(f"{chapter.name}-*"))
    found = [(entry, place) for place in places if (entry := cache.load(place)) and entry["chapter"] == chapter.name]
    if not found:
        return "last run: none yet"
    last, place = max(found, key=lambda item: item[0]["finished"])
    when = datetime.datetime.fromisoformat(last["finished"]).astimezone().strftime("%Y-%m-%d %H:%M")
    verdicts = _counted(scorecard.count_verdicts(last["verdicts"].values())) or "no claims"
    what = ["preset " + last["preset"], *_changed(chapter, last)]
    current = last["key"] == cache.key(chapter, last["parameters"], last["preset"], shared)
    stale = "" if current else "; the sources have changed since"
    where = f"; in {place.relative_to(root).as_posix()}" if len(what) > 1 else ""
    return f"last run: {when}, {' '.join(what)}, {last['seconds']:.1f} s: {verdicts}{where}{stale}"


def _changed(chapter: Chapter, entry: dict[str, Any]) -> list[str]:
    own = chapter.values(entry["preset"])
    changed = {name: value for name, value in entry["parameters"].items() if own.get(name) != value}
    return [f"-p {name} {shown(value)}" for name, value in changed.items()]
