"""Settings of PyTorch and of the C library below it."""

from __future__ import annotations

import ctypes
import platform
from types import SimpleNamespace

import pytest
import torch

from helpers.torch_threads import flush_denormal, keep_freed_memory, single_thread


@pytest.fixture
def asked_anew():
    keep_freed_memory.cache_clear()
    yield
    keep_freed_memory.cache_clear()


def test_the_c_library_is_told_once(monkeypatch, asked_anew):
    told = {}

    def mallopt(what, size):
        assert what not in told
        told[what] = size
        return 1

    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(mallopt=mallopt))
    assert keep_freed_memory() and keep_freed_memory()
    trim, mapped = told[-1], told[-3]  # as malloc.h numbers them
    # glibc takes at most 32 MiB as the size from which blocks are mapped by themselves
    assert trim >= mapped == 32 * 2**20


def test_a_setting_that_is_refused_is_said(monkeypatch, asked_anew):
    library = SimpleNamespace(mallopt=lambda what, size: what == -1)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    assert keep_freed_memory() is False


def test_another_c_library_is_left_alone(monkeypatch, asked_anew):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    assert keep_freed_memory() is False


def test_the_c_library_here():
    assert keep_freed_memory() == (platform.libc_ver()[0] == "glibc")


def test_settings_end_with_their_context():
    before = torch.get_num_threads()
    with single_thread(), flush_denormal():
        assert torch.get_num_threads() == 1
        assert float(torch.tensor([1e-40]) * 1) == 0
    assert torch.get_num_threads() == before
    assert float(torch.tensor([1e-40]) * 1) > 0
