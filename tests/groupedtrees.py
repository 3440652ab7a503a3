"""Small copies of the benchmarks' folders, in the layouts in which they are published."""

import csv

import numpy as np
from PIL import Image

CLASSES = ("00_dog", "01_bird", "02_wheeled vehicle")


def picture(path, seed=0, mode="RGB"):
    """An image file of 12 x 10 pixels; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (10, 12, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return path


def waterbirds(folder):
    """Twelve images of each split; the third of a cell is on the other background."""
    rows = []
    for number in range(36):
        y, split, place = number % 2, number // 12, (number % 2) ^ (number // 2 % 3 == 0)
        name = f"{number:03}.Bird/Bird_{number}.jpg"
        picture(folder / name, number)
        rows.append((number, name, y, split, int(place), f"/p/{number}.jpg"))
    with (folder / "metadata.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("img_id", "img_filename", "y", "split", "place", "place_filename"), *rows])
    return folder


def bffhq(folder, *, beside=True):
    """A version 0.5pct with five aligned images per age and one in conflict, and a balanced test folder."""
    version = folder / "0.5pct"
    number = 0
    for age in (0, 1):
        for part, gender, count in (("align", age, 5), ("conflict", 1 - age, 1)):
            for _ in range(count):
                picture(version / part / str(age) / f"{number}_{age}_{gender}.png", number)
                number += 1
    for part in ("test", "valid"):
        for age in (0, 1):
            for gender in (0, 1):
                picture((folder if beside else version) / part / f"{number}_{age}_{gender}.png", number)
                number += 1
    return folder


def imagenet9(folder, *, parts=("val",)):
    """Three classes, four foregrounds each and part, on both kinds of background."""
    for kind in ("mixed_same", "mixed_rand", "only_fg"):
        for p, part in enumerate(parts):
            for c, name in enumerate(CLASSES):
                for k in range(4):
                    front = f"n{c:08}_{100 * p + k}"
                    picture(folder / kind / part / name / f"fg_{front}_bg_n0000000{k}_7.JPEG", 10 * c + k)
    return folder


def folders(folder, counts=None):
    """Cows mostly on grass and camels mostly on sand; ``counts`` is per part, class and background."""
    usual = {
        ("train", "cow", "grass"): 4,
        ("train", "cow", "sand"): 1,
        ("train", "camel", "grass"): 1,
        ("train", "camel", "sand"): 3,
        **{("test", kind, behind): 2 for kind in ("cow", "camel") for behind in ("grass", "sand")},
        **{("val", kind, behind): 1 for kind in ("cow", "camel") for behind in ("grass", "sand")},
    }
    for (part, kind, behind), count in (usual | (counts or {})).items():
        for k in range(count):
            picture(folder / part / kind / behind / f"{k}.png", k)
    return folder
