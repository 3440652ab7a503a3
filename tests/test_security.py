"""What others send is data: nothing is unpickled, no path escapes, no value becomes code, no text becomes HTML."""

import ast
import io
import json
import shutil
import tarfile
import zipfile

import nbformat
import pytest
from papermill.translators import PythonTranslator

from tests import toybook
from w2s_utils import sources
from w2s_utils.environment import ROOT
from w2s_utils.runner import chapters, execute, parameters

CODE = [*sorted((ROOT / "w2s_utils").rglob("*.py")), *sorted((ROOT / "_ext").rglob("*.py"))]
# the one module that reads foreign pickles refuses every class that is not a plain array
READS_PICKLES = {"w2s_utils/backbones/_unpickle.py"}
FORBIDDEN = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "joblib.load", "torch.load"}
FORBIDDEN |= {"pickle.load", "pickle.loads", "pickle.Unpickler", "yaml.load", "yaml.unsafe_load", "pandas.read_pickle"}
FORBIDDEN |= {"tar.extractall", "tar.extract", "file.extractall", "archive.extractall", "shutil.unpack_archive"}


def calls(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}, node.lineno


def test_no_call_runs_or_unpickles_what_it_reads():
    found = []
    for path in CODE:
        name = path.relative_to(ROOT).as_posix()
        for function, words, line in calls(path):
            last = function.split(".", 1)[-1]
            if function in FORBIDDEN and name not in READS_PICKLES:
                found.append(f"{name}:{line} calls {function}")
            if function in ("np.load", "numpy.load") and words.get("allow_pickle") != "False":
                found.append(f"{name}:{line} loads without allow_pickle=False")
            if last in ("run", "Popen", "call", "check_output") and words.get("shell", "False") != "False":
                found.append(f"{name}:{line} starts a shell")
    assert found == []


def test_the_scan_sees_what_it_looks_for(tmp_path):
    path = tmp_path / "bad.py"
    path.write_text("import os, numpy as np\nos.system('x')\nnp.load('x')\n")
    assert [name for name, _, _ in calls(path)] == ["os.system", "np.load"]


def test_weights_come_as_safetensors_or_through_the_strict_reader():
    text = (ROOT / "w2s_utils/backbones/hub.py").read_text(encoding="utf-8")
    assert "use_safetensors=True" in text and "trust_remote_code=True" not in text


@pytest.mark.parametrize("kind", ["whl", "tgz"])
def test_members_that_point_outside_their_archive_write_nothing(tmp_path, monkeypatch, kind):
    path = tmp_path / "inner" / f"evil.{kind}"
    path.parent.mkdir()
    outside = "../escaped.txt"
    if kind == "whl":
        with zipfile.ZipFile(path, "w") as file:
            file.writestr(outside, "x")
    else:
        with tarfile.open(path, "w:gz") as tar:
            member = tarfile.TarInfo(outside)
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
    monkeypatch.setattr(sources, "locate", lambda name: path)
    before = sorted(tmp_path.rglob("*"))
    assert sources.read("evil", outside) == b"x"  # in memory only
    assert sorted(tmp_path.rglob("*")) == before


NASTY = [
    "a'); open('owned', 'w').close(); print('",
    'x"; import os; os.system("touch owned"); y="',
    "line\nopen('owned', 'w').close()",
    "{{7*7}} %run owned !touch owned",
    "\\'; open('owned','w').close() #",
    "</script><script>alert(1)</script>",
]


def test_values_of_parameters_are_literals_of_their_type(tmp_path):
    declared = parameters.parse('word: str = "a"\nwords: list[str] = ["a"]\nn: int = 3\nx: float = 0.5\nb: bool = True')
    for text in NASTY:
        assert parameters.resolve(declared, {}, [("word", text)])["word"] == text
        for name in ("n", "x", "b"):
            with pytest.raises(parameters.ParameterError):
                parameters.resolve(declared, {}, [(name, text)])


def test_papermill_writes_values_as_literals():
    for text in [*NASTY, "'''", '"""', "\\", "\r\n", "\u2028"]:
        cell = PythonTranslator.codify({"word": text, "words": [text, text], "n": 3})
        tree = ast.parse(cell)
        assert all(isinstance(node, ast.Assign) for node in tree.body), cell
        values = {node.targets[0].id: ast.literal_eval(node.value) for node in tree.body}
        assert values == {"word": text, "words": [text, text], "n": 3}


def test_a_run_with_nasty_text_runs_nothing_and_shows_it_escaped(tmp_path, monkeypatch):
    words = "words: list[str] = ['a']  # what to say\n"
    made = toybook.chapter("toy-words")
    made["cells"][1]["source"] += words
    root = toybook.make_root(tmp_path / "book", {"words": made}, {"toy/toy-words": "holds"})
    shutil.copy2(ROOT / "pyproject.toml", root)
    (chapter,) = chapters.select(root, ["words"])
    given = [text for text in NASTY if "," not in text]
    job = execute.Job(chapter, chapter.values("fast", [("words", ",".join(given))]), "fast", True)
    (found,) = execute.run(root, [job], echo=lambda line: None)
    assert found.status == "done"
    assert not list(tmp_path.rglob("owned"))
    (notebook,) = (root / "_build" / "runs").rglob("words.ipynb")
    injected = [
        cell for cell in nbformat.read(notebook, 4).cells if "injected-parameters" in cell.metadata.get("tags", [])
    ]
    (assigned,) = [node for node in ast.parse(injected[0].source).body if node.targets[0].id == "words"]
    assert ast.literal_eval(assigned.value) == [text.strip() for text in given]
    (passport,) = (root / "_build" / "runs").rglob("figure.json")
    assert json.loads(passport.read_text())["parameters"]["words"] == [text.strip() for text in given]
