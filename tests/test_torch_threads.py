"""Settings of PyTorch and of the C library below it."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from helpers.torch_threads import flush_denormal, keep_freed_memory, single_thread

FAULTS = """
import resource, sys
import torch
from helpers.torch_threads import keep_freed_memory

kept = keep_freed_memory() if sys.argv[1] == "keep" else None
for _ in range(3):
    torch.ones(2_000_000), torch.ones(2_000_000)  # 8 MB each
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.ones(2_000_000), torch.ones(2_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, kept)
"""


def faults(mode: str) -> tuple[int, str]:
    command = [sys.executable, "-c", FAULTS, mode]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    count, kept = found.stdout.split()
    return int(count), kept


def test_memory_of_tensors_that_are_gone_is_used_again():
    kept, told = faults("keep")
    if told == "False":
        pytest.skip("no glibc")
    given_back, _ = faults("default")
    assert given_back > 20 * 1000  # of 4 kB each: most of the tensors is mapped anew
    assert kept < given_back / 4


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    keep_freed_memory.cache_clear()
    assert keep_freed_memory() is False
    keep_freed_memory.cache_clear()


def test_settings_end_with_their_context():
    before = torch.get_num_threads()
    with single_thread(), flush_denormal():
        assert torch.get_num_threads() == 1
        assert float(torch.tensor([1e-40]) * 1) == 0
    assert torch.get_num_threads() == before
    assert float(torch.tensor([1e-40]) * 1) > 0
