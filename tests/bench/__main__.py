"""`make bench`: measures, prints a table, and writes it as JSON."""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from tests.bench import accept, answers, batches, dues, growth, offers, outbox, rest, sweep
from tests.bench.figures import Figure, line, write
from tests.bench.stages import Stage, stages

Measure = Callable[[Stage], AsyncIterator[Figure]]
PARTS = ("dues", "batches", "accept", "answers", "offers", "outbox", "rest", "sweep", "growth")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds: only that it works")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), metavar="FILE")
    parser.add_argument(
        "--databases", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"]
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument(
        "--tickets", type=int, default=1_000_000, help="of the large database (default: a million)"
    )
    parser.add_argument("--directory", type=Path, help="for the databases: some gigabytes")
    return parser.parse_args()


def measurements(*, quick: bool, tickets: int) -> dict[str, Measure]:
    rounds, seconds = (1, 0.5) if quick else (5, 5.0)
    visitors, said = (3, 5) if quick else (20, 300)
    return {
        "dues": lambda stage: _each(dues.measure(stage, number=2_000 if quick else 100_000)),
        "batches": lambda stage: _each(
            batches.measure(stage, number=3 if quick else 40, rounds=rounds)
        ),
        "accept": lambda stage: _each(accept.measure(stage, seconds=seconds, rounds=rounds)),
        "answers": lambda stage: _each(answers.measure(stage, visitors=visitors, answers=said)),
        "offers": lambda stage: _each(
            offers.measure(stage, decisions=20 if quick else 500, messages=2 if quick else 50)
        ),
        "outbox": lambda stage: _each(outbox.measure(stage, number=100 if quick else 5_000)),
        "rest": lambda stage: _each(rest.measure(stage)),
        "sweep": lambda stage: _each(sweep.measure(stage, tickets=100 if quick else 10_000)),
        "growth": lambda stage: growth.measure(
            stage, tickets=tickets, rounds=rounds, seconds=seconds
        ),
    }


async def _each(measured: Awaitable[list[Figure]]) -> AsyncIterator[Figure]:
    for figure in await measured:
        yield figure


async def all_figures(options: argparse.Namespace, directory: Path) -> AsyncIterator[Figure]:
    measure = measurements(quick=options.quick, tickets=options.tickets)
    async with stages(options.databases, directory) as found:
        for part in options.parts:
            for stage in found:
                async for figure in measure[part](stage):
                    yield figure


async def main() -> None:
    options = arguments()
    figures = []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.directory) as directory:
        async for figure in all_figures(options, Path(directory)):
            print(line(figure), flush=True)
            figures.append(figure)
    write(figures, options.json)
    unmet = [figure for figure in figures if figure.met is False]
    print(f"\n{len(figures)} figures, {len(unmet)} goals not met; written to {options.json}")


asyncio.run(main())
