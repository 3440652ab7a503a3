"""Features of a reader's images by several workers: the same numbers, nothing lost, one line where it fails."""

import dataclasses
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests import groupedtrees
from w2s_utils import backbones, cli, datasets
from w2s_utils.backbones import portions
from w2s_utils.datasets.files import ImageFiles
from w2s_utils.environment import cores

COUNT = 100  # four batches


class Hands:
    """Workers made of a function."""

    workers = 1

    def __init__(self, run):
        self.run = run


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for number in range(COUNT):
        part, kind = "train" if number % 4 else "test", number // 4 % 2
        behind = kind ^ (number // 8 % 3 == 0)
        groupedtrees.picture(folder / part / "ab"[kind] / "xy"[behind] / f"{number}.png", number)
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("W2S_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def run(images, *more, backbone="pixels"):
    return cli.main(["features", "folders", backbone, "--data", str(images), *more])


def alone(images):
    return datasets.features("folders", "pixels", data_dir=images, progress=False).values


@pytest.mark.parametrize("scheduler", ["processes 1", "processes 2", "local 2"])
def test_features_are_those_of_one_process(images, cache, tmp_path, monkeypatch, capsys, scheduler):
    kind, workers = scheduler.split()
    if kind == "local":
        pytest.importorskip("distributed")
    assert run(images, "--scheduler", kind, "--jobs", workers) == 0
    out = capsys.readouterr().out
    assert f"pixels: {COUNT} inputs on {workers} " in out and f"{COUNT} rows of 588 features" in out
    kept = [path.name for path in cache.rglob("*.npy")]
    assert kept == ["features.npy"]
    found = alone(images)  # from the cache
    monkeypatch.setenv("W2S_CACHE", str(tmp_path / "other"))
    np.testing.assert_array_equal(found, alone(images))


def test_finished_batches_are_kept_when_workers_go(images, cache):
    data = datasets.load("folders", data_dir=images, progress=False)
    asked = []

    def going(tasks, function):
        for at, task in enumerate(tasks):
            asked.append([start for start, _ in task[2]])
            if at == 1:
                raise KeyboardInterrupt
            yield function(*task)

    with pytest.raises(KeyboardInterrupt):
        datasets.features(data, "pixels", workers=Hands(going), progress=False)
    assert asked == [[0], [32, 64, 96]], "the first task is one batch, to learn how long it takes"
    assert [path.name for path in cache.rglob("*.npy")] == ["rows-0000000-0000032.npy"]
    sent = []

    def staying(tasks, function):
        for task in tasks:
            sent.extend(start for start, _ in task[2])
            yield function(*task)

    again = datasets.features(data, "pixels", workers=Hands(staying), progress=False)
    assert sent == [32, 64, 96]
    np.testing.assert_array_equal(again.values, alone(images))


def test_inputs_are_read_when_their_task_is_sent(cache):
    """Not all of them before the first: a folder may be larger than the memory."""
    read = []

    class Counted(list):
        def __getitem__(self, key):
            read.append(key)
            return super().__getitem__(key)

    def run(tasks, function):
        next(tasks)
        assert len(read) == 1
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        backbones.extract(
            "pixels", Counted([np.zeros((9, 9, 3), np.uint8)] * 9), batch=2, checksum="x", workers=Hands(run)
        )


def test_a_worker_says_in_one_line_what_it_cannot_do(images, tmp_path):
    other = portions.portion("pixels", "pixels 0", [])
    assert other.error == "a worker has other weights of pixels: pixels 1, not pixels 0"
    gone = portions.portion("pixels", "pixels 1", [(0, ImageFiles([tmp_path / "gone.png"]))])
    assert gone.error == f"{tmp_path / 'gone.png'} is not there" and not gone.parts
    broken = tmp_path / "broken.png"
    broken.write_bytes(next(images.rglob("*.png")).read_bytes()[:60])
    assert portions.portion("pixels", "pixels 1", [(7, ImageFiles([broken]))]).error.startswith(f"{broken} cannot be")


def test_a_worker_that_lives_on_takes_new_weights_and_hashes_them_once(monkeypatch):
    now, asked = ["1"], []

    def load(_):
        value = float(now[0])
        return lambda images: np.full((len(images), 588), value, np.float32)

    def identity():
        asked.append(now[0])
        return f"weights {now[0]}"

    row = dataclasses.replace(portions.BACKBONES["pixels"], name="changing", identity=identity, load=load)
    monkeypatch.setitem(portions.BACKBONES, "changing", row)
    batch = [(0, [np.zeros((28, 28, 3), np.uint8)])]
    for _ in range(3):
        assert portions.portion("changing", "weights 1", batch).parts[0][0, 0] == 1
    now[0] = "2"
    assert portions.portion("changing", "weights 2", batch).parts[0][0, 0] == 2
    assert asked == ["1", "2"]


def test_an_image_damaged_after_its_check_ends_in_one_line(images, cache, tmp_path):
    folder = shutil.copytree(images, tmp_path / "copy")
    datasets.load("folders", data_dir=folder, progress=False)  # checks them, and keeps that
    broken = sorted(folder.rglob("*.png"))[50]
    status = broken.stat()
    broken.write_bytes(broken.read_bytes()[:60].ljust(status.st_size, b"\0"))
    os.utime(broken, ns=(status.st_atime_ns, status.st_mtime_ns))
    command = [sys.executable, "-m", "w2s_utils", "features", "folders", "pixels", "--data", str(folder)]
    ended = subprocess.run(
        [*command, "--scheduler", "processes", "--jobs", "2"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    said = [line for line in ended.stderr.splitlines() if " pixels, batches of 32: " not in line]  # progress
    assert said == [f"w2s features: {broken} cannot be read: not an image"]


def test_a_slice_of_image_files_reads_none(tmp_path):
    assert len(ImageFiles([tmp_path / "gone.png"] * 3)[1:]) == 2


@pytest.mark.parametrize("address", ["nowhere", "tcp://127.0.0.1", "tcp://127.0.0.1:port"])
def test_a_scheduler_that_is_none_is_refused_in_one_line(images, cache, capsys, address):
    pytest.importorskip("distributed")
    assert run(images, "--scheduler", address) == 1
    error = capsys.readouterr().err
    assert f"--scheduler {address} is not allowed: tcp://host:port, local or processes" in error
    assert error.count("\n") == 1 and error.startswith("w2s features: ")


def test_what_needs_a_folder_says_so(images, cache, capsys):
    assert cli.main(["features", "blue_marble", "squeezenet", "--scheduler", "local"]) == 1
    assert "--scheduler without --data is not allowed" in capsys.readouterr().err
    assert run(images / "nowhere") == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert run(images, backbone="nothing") == 1
    assert "backbone = 'nothing' is unknown" in capsys.readouterr().err


def test_a_fit_on_all_texts_is_not_shared():
    with pytest.raises(ValueError, match="tfidf_lsa learns its words from all texts: not by several workers"):
        backbones.extract("tfidf_lsa", ["a b", "c"], fit_on=["a b"], workers=Hands(None))


def test_cores_are_the_default(images, cache, capsys):
    assert run(images, "--scheduler", "processes") == 0
    assert f"{COUNT} inputs on {cores()} process" in capsys.readouterr().out
