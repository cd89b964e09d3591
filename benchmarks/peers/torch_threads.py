"""What every trainer on PyTorch is given."""

import os

import torch


def settle() -> None:
    """Gives PyTorch all cores, and has it count numbers under 1e-38 as 0, as TensorFlow does."""
    torch.set_num_threads(os.cpu_count() or 1)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
