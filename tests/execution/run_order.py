"""Runs a pickled order from standard input, in a process that a test can kill."""

from __future__ import annotations

import pickle
import sys

import anyio

from execution.support import STEADFAST, execute

if __name__ == "__main__":
    dsn, wanted = pickle.load(sys.stdin.buffer)
    print(anyio.run(execute, dsn, wanted, STEADFAST).status, flush=True)
