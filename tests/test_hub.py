"""The papers' backbones: tiny models with random weights, saved to a folder and loaded as a reader's are."""

import numpy as np
import pytest

from w2s_utils import backbones
from w2s_utils.backbones import hub

MODELS = {model.name: model for model in hub.MODELS}


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("W2S_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("W2S_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


@pytest.fixture
def libraries():
    torch = pytest.importorskip("torch", reason="torch is missing: the papers' backbones are not loaded")
    transformers = pytest.importorskip(
        "transformers", reason="transformers is missing: the papers' backbones are not loaded"
    )
    return torch, transformers


def tiny(name, libraries):
    """The architecture of a row at its width, as shallow and thin as it gets, with random weights."""
    torch, transformers = libraries
    width = MODELS[name].width
    torch.manual_seed(0)
    one_layer = {"hidden_size": width, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 16}
    if name.startswith("resnet"):
        block = "basic" if width == 512 else "bottleneck"
        config = transformers.ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 8, 8, width], depths=[1] * 4, layer_type=block
        )
        return transformers.ResNetModel(config)
    if name == "clip_b32":
        return transformers.CLIPVisionModel(transformers.CLIPVisionConfig(**one_layer, patch_size=32))
    if name == "mae_b16":
        return transformers.ViTMAEModel(transformers.ViTMAEConfig(**one_layer, patch_size=16))
    if name == "convnext_l":
        return transformers.ConvNextModel(transformers.ConvNextConfig(hidden_sizes=[8, 8, 8, width], depths=[1] * 4))
    config = {key: value for key, value in one_layer.items() if key != "intermediate_size"}
    return transformers.Dinov2Model(transformers.Dinov2Config(**config, mlp_ratio=1, patch_size=14))


def pictures(count=3, side=40):
    return list(np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8))


@pytest.mark.parametrize("name", MODELS)
def test_a_model_in_a_folder_gives_features_of_its_width(name, libraries, folders):
    tiny(name, libraries).save_pretrained(folders / "models" / name)
    found = backbones.extract(name, pictures(), batch=2, shown=False)
    assert found.shape == (3, MODELS[name].width) and found.dtype == np.float32
    assert np.isfinite(found).all() and found.std(0).max() > 0
    # a batch is a batch of independent images, the same every time
    for path in (folders / "cache").rglob("*.npy"):
        path.unlink()
    again = backbones.extract(name, pictures(), batch=3, shown=False)
    assert np.allclose(found, again, rtol=1e-4, atol=1e-5 * np.abs(found).max())


def test_pooling_and_preprocessing_are_the_rows_own(libraries, folders):
    torch, _ = libraries
    network = tiny("clip_b32", libraries).eval()
    network.save_pretrained(folders / "models" / "clip_b32")
    image = np.full((hub.PIXELS, hub.PIXELS, 3), 255, np.uint8)
    found = backbones.extract("clip_b32", [image], shown=False)
    mean, deviation = (np.array(part, np.float32) for part in hub.CLIP)
    pixels = torch.from_numpy(np.broadcast_to((1 - mean) / deviation, image.shape).transpose(2, 0, 1)[None].copy())
    with torch.inference_mode():
        expected = network(pixel_values=pixels.float()).pooler_output.numpy()
    assert np.allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_other_weights_have_another_key(libraries, folders):
    torch, _ = libraries
    network = tiny("resnet18", libraries)
    network.save_pretrained(folders / "models" / "resnet18")
    first, before = backbones.extract("resnet18", pictures(), shown=False), hub.identity(MODELS["resnet18"])
    with torch.no_grad():
        next(network.parameters()).add_(1)
    network.save_pretrained(folders / "models" / "resnet18")
    assert hub.identity(MODELS["resnet18"]) != before
    assert not np.allclose(backbones.extract("resnet18", pictures(), shown=False), first)


def test_a_torch_file_is_converted_once(libraries, folders):
    torch, _ = libraries
    network, folder = tiny("resnet18", libraries), folders / "models" / "resnet18"
    network.save_pretrained(folder)
    expected = backbones.extract("resnet18", pictures(), shown=False)
    (folder / "model.safetensors").unlink()
    torch.save(network.state_dict(), folder / "pytorch_model.bin")
    assert np.allclose(backbones.extract("resnet18", pictures(), shown=False), expected)
    assert len(list((folders / "cache" / "weights").rglob("model.safetensors"))) == 1
    assert not (folder / "model.safetensors").exists()


def test_weights_that_are_incomplete_are_refused(libraries, folders):
    from safetensors import numpy as safetensors

    folder = folders / "models" / "resnet18"
    tiny("resnet18", libraries).save_pretrained(folder)
    arrays = safetensors.load_file(folder / "model.safetensors")
    arrays.pop("embedder.embedder.convolution.weight")
    safetensors.save_file(arrays, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="lacks weights of resnet18, among them embedder.embedder.convolution.weight"):
        backbones.extract("resnet18", pictures(1), shown=False)


@pytest.mark.parametrize("name", MODELS)
def test_a_missing_download_is_one_line_with_the_command(name):
    with pytest.raises(ValueError) as error:
        backbones.extract(name, pictures(1))
    message = str(error.value)
    assert message.startswith(f"weights of {name} are not on this machine; get them by: hf download ")
    assert MODELS[name].repository in message and "\n" not in message


def test_a_folder_without_weights_is_named(folders):
    folder = folders / "models" / "resnet18"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="holds no model.safetensors; get it by: hf download microsoft/resnet-18"):
        hub.folder_of(MODELS["resnet18"])


def test_missing_libraries_are_one_line_with_the_command(folders, monkeypatch):
    folder = folders / "models" / "resnet18"
    folder.mkdir(parents=True)
    for file in ("config.json", "model.safetensors"):
        (folder / file).write_text("{}")
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(ValueError, match=r"need torch and transformers \(torch is missing\); install them by: pip"):
        backbones.extract("resnet18", pictures(1))
