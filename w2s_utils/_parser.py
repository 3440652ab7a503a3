"""What the ``w2s`` command line accepts. Standard library only, so that ``--help`` always works."""

from __future__ import annotations

import argparse

PRESETS = ("fast", "paper")
# data sets with stored features; a test compares them with data/features/index.json
EMBEDDED = (
    "blue_marble",
    "colored_mnist",
    "movie_snippets",
    "scenes_tops",
    "scenes_wear",
    "scenes_shoe",
    "scenes_nine",
)


def parser() -> argparse.ArgumentParser:
    """Build the parser of the ``w2s`` command.

    Examples
    --------
    >>> options = parser().parse_args(["run", "ridge_rate", "-p", "n", "800"])
    >>> options.chapters, options.parameters, options.preset
    (['ridge_rate'], [['n', '800']], 'fast')
    """
    top = argparse.ArgumentParser(
        prog="w2s",
        description="Runs, builds and checks the book Weak-to-Strong Generalization, Reproduced.",
        epilog="example: w2s run variance_decomposition -p n 800",
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    def command(name: str, summary: str, example: str) -> argparse.ArgumentParser:
        form = argparse.RawDescriptionHelpFormatter if "\n" in example else argparse.HelpFormatter
        made = commands.add_parser(name, help=summary, description=summary, formatter_class=form)
        made.epilog = f"example: {example}"
        return made

    command("list", "show chapters, their last run and their parameters", "w2s list")
    example = """w2s run variance_decomposition -p n 800 -p d_sw 50

sweeps of simulation points, resumed where they stopped:
  w2s run variance_decomposition --sweep n=400..4000:20 --sweep d_sw=10,50,90
  w2s run ridge_regularization --sweep gamma_t=0.2..2:10 -p trials 200 --jobs 2
  w2s run multi_index --sweep per_dim=2,5,20 --scheduler tcp://192.0.2.1:8786
without --scheduler: a Dask cluster on this machine, or plain processes where Dask is not installed"""
    run = command("run", "run chapters, with other parameters if wanted", example)
    run.add_argument("chapters", nargs="+", metavar="CHAPTER", help="name of a notebook, without .ipynb")
    run.add_argument(
        "-p", dest="parameters", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"),
        help="set a parameter; a list is written 10,50,90 (`w2s list` shows what there is)",
    )  # fmt: skip
    run.add_argument(
        "--sweep", dest="sweeps", action="append", default=[], metavar="NAME=VALUES",
        help="simulate every value: a..b:count evenly spaced, or v1,v2; several are crossed; rows go to a Parquet file",
    )  # fmt: skip
    run.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="of a sweep: tcp://host:port of a Dask scheduler you trust, `local` or `processes`",
    )  # fmt: skip
    build = command("build", "run every chapter and build the book", "w2s build --preset paper")
    pdf = command("pdf", "run every chapter and make one PDF of the book (needs xelatex)", "w2s pdf")
    for part in (run, build, pdf):
        part.add_argument("--preset", choices=PRESETS, default="fast", help="fast: a stride of the grid; paper: all")
    command("env", "make or update .venv", "w2s env")
    test = command("test", "run every check: book, ruff, mypy, pytest", "w2s test -- -k theory -x")
    test.add_argument("pytest", nargs="*", metavar="-- ARGUMENTS", help="passed on to pytest")
    example = "w2s verify performance-gap-recovery"
    verify = command("verify", "recompute figures with a fresh seed, compare with figures/", example)
    verify.add_argument("figures", nargs="*", metavar="FIGURE", help="id of a reference figure or name of a chapter")
    verify.add_argument("--keep", action="store_true", help="keep the receipt in receipts/, else in _build/receipts/")
    refresh = command("refresh", "rewrite the committed figures and notebooks", "w2s refresh ridge_rate")
    refresh.add_argument("chapters", nargs="*", metavar="CHAPTER", help="all chapters by default")
    example = "w2s features blue_marble squeezenet\n         w2s features folders clip_b32 --data ~/images --jobs 2"
    features = command("features", "make stored features of an embedded data set anew, or those of your data", example)
    features.add_argument(
        "dataset", metavar="DATASET",
        help=f"one of {', '.join(EMBEDDED)}; with --data one read from a folder: utkface, waterbirds, folders, ...",
    )  # fmt: skip
    features.add_argument("backbone", metavar="BACKBONE", help="a backbone of its data sheet; for your data any")
    features.add_argument(
        "--data", metavar="DIR", help="folder of your data; its features go to the cache, for the chapters"
    )
    features.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="with --data: tcp://host:port of a Dask scheduler you trust whose workers see DIR, `local` or `processes`",
    )  # fmt: skip
    example = "w2s diagnose weak.npy strong.npy --labels labels.csv --n 500 --unlabeled 20000"
    diagnose = command("diagnose", "predict whether weak-to-strong training pays with your two models", example)
    diagnose.add_argument("weak", metavar="WEAK", help="features of the weak model: .npy, .npz, .parquet or .csv")
    diagnose.add_argument("strong", metavar="STRONG", help="features of the strong model, same rows in the same order")
    diagnose.add_argument("--labels", metavar="FILE", help="one label per row; without, variance terms only")
    diagnose.add_argument("--groups", metavar="FILE", help="one of two group names per row; needs --labels")
    diagnose.add_argument(
        "--n", type=_positive, metavar="LABELED", help="labelled rows you will have; by default a fifth"
    )
    diagnose.add_argument(
        "--unlabeled", type=_positive, metavar="UNLABELED", help="unlabelled rows you will have; by default the rest"
    )
    diagnose.add_argument(
        "--out", default="diagnosis", metavar="DIR", help="folder of the report, by default diagnosis"
    )
    diagnose.add_argument("--allow-degenerate", action="store_true", help="accept constant and repeated columns")
    for part in (run, build, pdf, verify, refresh, features):
        part.add_argument(
            "--jobs", type=_positive, metavar="K", help="processes: chapters at once, or within one chapter"
        )
    return top


def _positive(text: str) -> int:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not (value >= 1 and value.is_integer()):
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of at least 1")
    return int(value)
