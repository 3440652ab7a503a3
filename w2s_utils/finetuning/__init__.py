"""Fine-tuning of a small network on real digits: in full, linearised, and in random subspaces.

The talks behind dong2025 treat fine-tuning as linear probing on gradient features of low intrinsic dimension. Here a
network small enough to be fine-tuned exactly is asked whether that is so. Must not import ``theory`` or ``simulate``.
"""

from w2s_utils.finetuning.digits import TASKS, Split, checksum, split
from w2s_utils.finetuning.experiment import Transfer, replicate
from w2s_utils.finetuning.gradients import Gradients
from w2s_utils.finetuning.network import Network
from w2s_utils.finetuning.subspace import dimension_needed, dimension_ratio, dimension_reaching
from w2s_utils.finetuning.training import FineTuned, finetune, linearise, pretrain, random_frame

__all__ = [
    "TASKS",
    "FineTuned",
    "Gradients",
    "Network",
    "Split",
    "Transfer",
    "checksum",
    "dimension_needed",
    "dimension_ratio",
    "dimension_reaching",
    "finetune",
    "linearise",
    "pretrain",
    "random_frame",
    "replicate",
    "split",
]
