"""Weight files of other packages: arrays are read, nothing in them is called."""

import collections
import io
import pickle
import zipfile

import numpy as np
import pytest

from w2s_utils.backbones import _unpickle


class Evil:
    def __reduce__(self):
        return (print, ("called",))


@pytest.mark.parametrize("read", [_unpickle.read_arrays, _unpickle.read_torch])
def test_a_pickle_that_names_code_is_refused_before_it_runs(read, capsys):
    with pytest.raises(ValueError, match="the weight file asks for builtins.print; only arrays are allowed"):
        read(pickle.dumps({"w": Evil()}))
    assert capsys.readouterr().out == ""


def test_arrays_of_a_pickle_are_read():
    arrays = {"conv1": [np.arange(6.0).reshape(2, 3), np.ones(2)]}
    found = _unpickle.read_arrays(pickle.dumps(arrays, protocol=2))
    assert np.array_equal(found["conv1"][0], arrays["conv1"][0])


def test_a_file_that_is_no_state_dict_is_refused():
    with pytest.raises(ValueError, match="not a torch state dict"):
        _unpickle.read_torch(pickle.dumps(1))
    with pytest.raises(ValueError, match="larger than its storage"):
        _unpickle._tensor(np.zeros(3, np.float32), 0, (2, 2), (2, 1))


@pytest.mark.parametrize("zipped", [True, False])
def test_torch_state_dicts_are_read_as_torch_reads_them(zipped):
    torch = pytest.importorskip("torch", reason="torch is missing")
    state = collections.OrderedDict(
        a=torch.arange(6.0).reshape(2, 3).T, b=torch.tensor(3), c=torch.ones(2, 2, dtype=torch.float16)
    )
    file = io.BytesIO()
    torch.save(state, file, _use_new_zipfile_serialization=zipped)
    assert zipfile.is_zipfile(io.BytesIO(file.getvalue())) == zipped
    found = _unpickle.read_torch(file.getvalue())
    assert list(found) == ["a", "b", "c"]
    for name, tensor in state.items():
        assert np.array_equal(found[name], tensor.numpy()) and found[name].dtype == tensor.numpy().dtype
