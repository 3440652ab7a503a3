"""The code that the chapter gives to a Hugging Face user runs: extracted from the notebook, with tiny local models."""

import json

import numpy as np
import pytest

from w2s_utils.diagnose import diagnose
from w2s_utils.environment import ROOT

NOTEBOOK = ROOT / "chapters" / "synthesis" / "your_own_models.ipynb"


def code():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return text.split("```python\n")[1].split("```")[0]


def test_code_for_hugging_face_is_python():
    compile(code(), "chapter", "exec")
    assert "AutoModel" in code()


def test_code_for_hugging_face_makes_files_that_the_report_reads(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{i}" for i in range(40))]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    named = {"prajjwal1/bert-tiny": 8, "google/electra-base-discriminator": 12}
    for name, width in named.items():
        config = transformers.BertConfig(
            vocab_size=len(words), hidden_size=width, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
        )
        place = tmp_path / name
        transformers.BertModel(config).save_pretrained(place)
        transformers.BertTokenizerFast(vocab_file=str(tmp_path / "vocab.txt")).save_pretrained(place)
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(words[5:], rng.integers(2, 9))) for _ in range(90)]
    monkeypatch.chdir(tmp_path)
    exec(compile(code(), "chapter", "exec"), {"texts": texts})
    found = {role: np.load(tmp_path / f"{role}.npy") for role in ("weak", "strong")}
    assert {role: values.shape for role, values in found.items()} == {"weak": (90, 8), "strong": (90, 12)}
    assert np.isfinite(found["weak"]).all() and found["weak"].std(0).min() > 0
    content = diagnose(tmp_path / "weak.npy", tmp_path / "strong.npy", n=30, unlabeled=60, threads=1).content
    assert content["input"]["rows"] == 90
