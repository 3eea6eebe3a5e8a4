"""One process of many that tries to redeem the same plan: prints how often it won.  redeem.py LEDGER PLAN..."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

from db_migrate.ledger.store import SqlLedger
from ledger.samples import HandClock


async def main(path: Path, plans: list[str]) -> None:
    ledger = SqlLedger.at(path, HandClock())
    print("ready", flush=True)
    sys.stdin.readline()
    wins = [plan for plan in plans if await ledger.move(plan, ("approved",), "executing")]
    ledger.close()
    print(",".join(wins), flush=True)


anyio.run(main, Path(sys.argv[1]), sys.argv[2:])
