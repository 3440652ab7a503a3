"""``w2s list``: chapters with their last run and the parameters they take."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from w2s_utils.runner import cache, chapters, scorecard
from w2s_utils.runner.chapters import Chapter
from w2s_utils.runner.parameters import Parameter

PRESETS = ("fast", "paper")


def lines(root: Path) -> list[str]:
    """What ``w2s list`` prints."""
    shared = cache.tree_hash(root)
    found = chapters.discover(root)
    made = [f"chapter {Path(name).name} is listed in _toc.yml but does not exist" for name in chapters.missing(root)]
    for part in dict.fromkeys(chapter.part for chapter in found):
        made.append(part)
        for chapter in (c for c in found if c.part == part):
            made += [f"  {chapter.name}", f"    {chapter.title}", f"    {_last_run(root, chapter, shared)}"]
            width = max((len(_declaration(p)) for p in chapter.parameters.values()), default=0)
            allowed = max((len(p.allowed) for p in chapter.parameters.values()), default=0)
            for parameter in chapter.parameters.values():
                row = f"{_declaration(parameter):{width}}  {parameter.allowed:{allowed}}  {parameter.help}"
                made.append(f"    -p {row}".rstrip())
    return made or ["no chapters"]


def _declaration(parameter: Parameter) -> str:
    default = ",".join(map(str, parameter.default)) if parameter.is_list else parameter.default
    return f"{parameter.name}: {parameter.type} = {default}"


def _last_run(root: Path, chapter: Chapter, shared: str) -> str:
    entries: list[dict[str, Any]] = []
    for preset in PRESETS:
        values = chapter.values(preset)
        entry = cache.load(cache.slot(root, chapter, values, preset, custom=False))
        if entry is not None:
            current = entry["key"] == cache.key(chapter, values, preset, shared)
            entries.append({**entry, "current": current})
    if not entries:
        return "not run yet"
    last = max(entries, key=lambda entry: entry["finished"])
    when = datetime.datetime.fromisoformat(last["finished"]).astimezone().strftime("%Y-%m-%d %H:%M")
    counts = scorecard.count_verdicts(last["verdicts"].values())
    verdicts = ", ".join(f"{n} {verdict}" for verdict, n in counts.items()) or "no claims"
    stale = "" if last["current"] else "; out of date"
    return f"last default run: {last['preset']}, {when}, {last['seconds']:.1f} s: {verdicts}{stale}"
