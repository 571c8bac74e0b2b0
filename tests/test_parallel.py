"""Processes change nothing but the time: order, errors, threads."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import psutil
import pytest

from helpers.parallel import in_groups, in_processes


def threads(_):
    """Threads of numba and OMP_NUM_THREADS, and the process that ran a task."""
    import numba

    return (numba.get_num_threads(), os.environ.get("OMP_NUM_THREADS")), os.getpid()


def process_of(task):
    """A task and the process that ran it, long enough for the other one to start."""
    time.sleep(0.05)
    return task, os.getpid()


def tens(task):
    return task // 10


def die(_):
    """A task whose process is killed, by the system for want of memory, say."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_results_come_in_the_order_of_the_tasks():
    tasks = [9.0, 4.0, 1.0, 16.0]
    expected = [3.0, 2.0, 1.0, 4.0]
    assert in_processes(math.sqrt, tasks, 1, progress=False) == expected
    assert in_processes(math.sqrt, tasks, 2, progress=False) == expected
    assert in_processes(math.sqrt, [], 2, progress=False) == []


def test_each_process_has_one_thread_and_is_not_this_one():
    found = in_processes(threads, range(4), 2, progress=False)
    assert {numbers for numbers, _ in found} == {(1, "1")}
    assert os.getpid() not in {process for _, process in found}


def test_processes_stay_for_the_next_call():
    first = in_processes(threads, range(8), 2, progress=False)
    again = in_processes(threads, range(8), 2, progress=False)
    assert len({process for _, process in first + again}) <= 2


def test_a_killed_process_is_replaced_in_the_next_call():
    with pytest.raises(BrokenProcessPool):
        in_processes(die, range(2), 2, progress=False)
    assert in_processes(math.sqrt, [4.0, 9.0], 2, progress=False) == [2.0, 3.0]


def test_a_pool_that_lost_a_process_while_idle_is_replaced():
    processes = {p for _, p in in_processes(threads, range(8), 2, progress=False)}
    for process in processes:
        os.kill(process, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(p) for p in processes if psutil.pid_exists(p)], 5)
    time.sleep(0.5)  # until the pool has noticed
    assert in_processes(math.sqrt, [4.0, 9.0], 2, progress=False) == [2.0, 3.0]


def test_processes_end_with_a_parent_that_is_killed():
    code = (
        "import os, time\n"
        "from helpers.parallel import in_processes\n"
        "if __name__ == '__main__':\n"
        "    in_processes(abs, range(4), 2, progress=False)\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout.readline() == "ready\n"
        children = psutil.Process(parent.pid).children(recursive=True)
        assert len(children) >= 2
        parent.kill()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive


def test_also_what_a_script_imports_has_one_thread(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import os\n"
        "from helpers.parallel import in_processes\n"
        "AT_IMPORT = os.environ['OMP_NUM_THREADS']\n"
        "def at_import(_):\n"
        "    return AT_IMPORT\n"
        "if __name__ == '__main__':\n"
        "    print(set(in_processes(at_import, range(4), 2, progress=False)))\n"
        "    print(os.environ['OMP_NUM_THREADS'])\n"
    )
    root = str(Path(__file__).resolve().parents[1])
    env = os.environ | {"OMP_NUM_THREADS": "3", "PYTHONPATH": root}
    found = subprocess.run(
        [sys.executable, script], env=env, capture_output=True, text=True, check=True
    )
    assert found.stdout.splitlines() == ["{'1'}", "3"]


def test_one_worker_starts_no_process():
    found = in_processes(threads, range(2), 1, progress=False)
    assert {process for _, process in found} == {os.getpid()}


@pytest.mark.parametrize("workers", [1, 2])
def test_tasks_of_one_key_share_a_process_and_equal_ones_are_done_once(workers):
    tasks = [11, 20, 12, 21, 11, 30]
    found = in_groups(process_of, tasks, tens, workers)
    assert [task for task, _ in found] == tasks
    assert found[0] == found[4]
    for key in (1, 2):
        assert len({process for task, process in found if tens(task) == key}) == 1
    assert len({process for _, process in found}) <= workers
    assert in_groups(process_of, [], tens, workers) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_error_is_raised(workers):
    with pytest.raises(ValueError, match=r"math domain|nonnegative"):
        in_processes(math.sqrt, [1.0, -1.0, 4.0], workers, progress=False)


def test_no_worker_is_refused():
    with pytest.raises(ValueError, match="workers is 0; allowed: 1 or more"):
        in_processes(math.sqrt, [1.0], 0)
