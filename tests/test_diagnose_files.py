"""Feature files of every kind, and what is refused: one line that names file and column."""

import sys

import numpy as np
import pytest

from w2s_utils.cli import main
from w2s_utils.diagnose.files import open_features, read_column
from w2s_utils.diagnose.inputs import read_inputs

X = np.random.default_rng(0).standard_normal((100, 3))


def saved(folder, name, array):
    np.save(folder / name, array)
    return folder / name


def whole(file, size=30):
    return np.concatenate(list(file.chunks(size)))


def test_kinds_of_files_hold_the_same(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    frame.to_csv(tmp_path / "head.csv", index=False)
    frame.to_csv(tmp_path / "plain.csv", index=False, header=False)
    np.savez(tmp_path / "one.npz", X)
    np.savez_compressed(tmp_path / "named.npz", features=X, other=X[:1])
    files = [open_features(saved(tmp_path, "x.npy", X))]
    files += [open_features(tmp_path / name) for name in ("head.csv", "plain.csv", "one.npz", "named.npz")]
    for file in files:
        np.testing.assert_allclose(whole(file), X, rtol=1e-12)
    assert files[1].headers == ("a", "b", "c") and files[2].headers == ("0", "1", "2")


def test_narrow_types_become_floats(tmp_path):
    for kind, wanted in [("f2", "f4"), ("f4", "f4"), ("i2", "f8"), (">f8", "f8"), ("?", "f8")]:
        found = whole(open_features(saved(tmp_path, "x.npy", X.astype(kind))))
        assert found.dtype == wanted
        np.testing.assert_array_equal(found, X.astype(kind).astype(wanted))


def test_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({name: X[:, i] for i, name in enumerate("abc")})
    parquet.write_table(table, tmp_path / "x.parquet", row_group_size=17)
    parquet.write_table(pyarrow.table({"e": list(X.astype("f4"))}), tmp_path / "list.parquet")
    file = open_features(tmp_path / "x.parquet")
    assert (file.rows, file.columns, file.headers) == (100, 3, ("a", "b", "c"))
    np.testing.assert_array_equal(whole(file), X)
    np.testing.assert_array_equal(whole(open_features(tmp_path / "list.parquet")), X.astype("f4"))
    parquet.write_table(pyarrow.table({"a": ["x", "y"]}), tmp_path / "text.parquet")
    with pytest.raises(ValueError, match="text.parquet: column a of type string"):
        open_features(tmp_path / "text.parquet")
    assert read_column(tmp_path / "text.parquet", "labels").tolist() == ["x", "y"]
    parquet.write_table(pyarrow.table({"a": [1.0, None]}), tmp_path / "hole.parquet")
    with pytest.raises(ValueError, match="hole.parquet: row 1, column a: nan"):
        whole(open_features(tmp_path / "hole.parquet"))


def test_parquet_without_its_reader_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"x.parquet: reading .parquet needs pyarrow \(pip install"):
        open_features(tmp_path / "x.parquet")


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("x.txt", X, "x.txt: unknown file type .txt; one of .npy, .npz, .parquet, .csv"),
        ("x", X, "x: unknown file type without extension"),
        ("x.npy", X[:, 0], r"x.npy: an array of shape \(100,\); a matrix"),
        ("x.npy", X[:0], r"x.npy: an array of shape \(0, 3\)"),
        ("x.npy", X.astype(complex), "x.npy: values of type complex128; real numbers"),
        ("x.npy", X.astype(str), "x.npy: values of type <U32"),
        ("x.npy", b"\x93NUMPY nonsense", "x.npy: "),
        ("x.npy", b"no array at all", r"x.npy: not a .npy file \(Python pickles are never loaded\)"),
        ("x.npz", b"PK nonsense", "x.npz: "),
        ("x.csv", b"", "x.csv: No columns to parse"),
        ("x.csv", b"a,b\n1,2\n3,dog\n", "x.csv: row 1, column b: 'dog' is not a number"),
        ("x.csv", b"a,b\n1,2\n3,4,5\n", "x.csv: "),
    ],
)
def test_files_refused(tmp_path, name, content, message):
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    else:
        with open(tmp_path / name, "wb") as file:
            np.save(file, content)
    with pytest.raises(ValueError, match=message) as caught:
        open_features(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_pickles_are_never_loaded(tmp_path):
    objects = np.empty((50, 2), object)
    np.save(tmp_path / "x.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "x.npz", objects)
    for name in ("x.npy", "x.npz"):
        with pytest.raises(ValueError, match=f"{name}: it holds Python objects, which are never loaded"):
            open_features(tmp_path / name)


def test_several_arrays_need_a_name(tmp_path):
    np.savez(tmp_path / "x.npz", a=X, b=X)
    with pytest.raises(ValueError, match="x.npz: holds a, b; one array, or one named features"):
        open_features(tmp_path / "x.npz")


def changed(where, value):
    array = X.copy()
    array[where] = value
    return array


@pytest.mark.parametrize(
    "weak, message",
    [
        (X[:90], "weak.npy has 90 rows, strong.npy has 100; they must agree"),
        (changed((7, 1), np.nan), "weak.npy: row 7, column 1: nan; every value must be finite"),
        (changed((99, 2), np.inf), "weak.npy: row 99, column 2: inf"),
        (changed((slice(None), 2), 4.0), r"weak.npy: column 2 is constant \(4\); drop it, or pass --allow-degenerate"),
        (changed((slice(None), 2), X[:, 0]), "weak.npy: column 2 repeats column 0; drop it"),
    ],
)
def test_features_refused(tmp_path, weak, message):
    paths = saved(tmp_path, "weak.npy", weak), saved(tmp_path, "strong.npy", X)
    with pytest.raises(ValueError, match=message):
        read_inputs(*paths)


def test_too_few_rows(tmp_path):
    paths = saved(tmp_path, "weak.npy", X[:30]), saved(tmp_path, "strong.npy", X[:30])
    with pytest.raises(ValueError, match="weak.npy: 30 rows are too few; at least 40"):
        read_inputs(*paths)


@pytest.mark.parametrize(
    "labels, message",
    [
        (X[:90, 0], "y.npy has 90 labels, the features have 100 rows"),
        (X, r"y.npy: labels of shape \(100, 3\); one value per row"),
        (np.ones(100), "y.npy: every label is 1.0; at least two"),
        (changed(3, np.nan)[:, 0], "y.npy: row 3, column 0: nan"),
        (np.array([f"a{i}" for i in range(100)]), "y.npy: 100 different texts in 100 rows are no classes"),
        (X[:, 0].astype(complex), "y.npy: labels of type complex128"),
    ],
)
def test_labels_refused(tmp_path, labels, message):
    paths = saved(tmp_path, "w.npy", X), saved(tmp_path, "s.npy", X[::-1]), saved(tmp_path, "y.npy", labels)
    with pytest.raises(ValueError, match=message):
        read_inputs(*paths)


@pytest.mark.parametrize(
    "groups, message",
    [
        (np.arange(100) % 3, "g.npy: 3 different groups; exactly two"),
        (np.arange(100) < 10, "g.npy: group True has 10 rows; at least 40"),
    ],
)
def test_groups_refused(tmp_path, groups, message):
    paths = [saved(tmp_path, f"{name}.npy", value) for name, value in (("w", X), ("s", X[::-1]), ("y", X[:, 0]))]
    with pytest.raises(ValueError, match=message):
        read_inputs(*paths, saved(tmp_path, "g.npy", groups))
    with pytest.raises(ValueError, match="--groups needs --labels"):
        read_inputs(*paths[:2], None, tmp_path / "g.npy")


def test_command_says_one_line_and_fails(tmp_path, capsys):
    paths = [str(saved(tmp_path, f"{name}.npy", value)) for name, value in (("w", X[:90]), ("s", X))]
    assert main(["diagnose", *paths, "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "w.npy has 90 rows" in error
    assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit):
        main(["diagnose", *paths, "--n", "0"])
