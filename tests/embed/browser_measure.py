"""Sizes and times of the page, as docs/embedding-browser.md has them.

    python -m tests.embed.browser_measure          of what embed/browser/build.sh has made
"""

from __future__ import annotations

import gzip
import json
import statistics
import time
from pathlib import Path

from tests.embed.browser_driver import Browser
from tests.embed.browser_site import FOLDER, READY, need_browser, served

_NETS = ("td-gammon", "pretrained")
_STARTS = 5
_CALLS = {1: 500, 1024: 100}
# Microseconds of each call; "alone" asks onnxruntime-web itself, "worker" as the page does, there
# and back.
_TIMES = """
(async (name, size, calls) => {
  const { openNet } = await import('./app/net.js');
  const { start } = await import('./rules/rules.js');
  const ort = await import('./runtime/ort.wasm.bundle.min.mjs');
  ort.env.wasm.numThreads = 1;
  const boards = new Int8Array(50 * size);
  for (let i = 0; i < size; ++i) boards.set(start(), 50 * i);
  const net = await openNet(`models/${name}.onnx`);
  const session = await ort.InferenceSession.create(`models/${name}.onnx`);
  const ways = {
    worker: () => net.run(boards),
    alone: () => session.run({ board: new ort.Tensor('int8', boards, [size, 2, 25]) }) };
  const found = {};
  for (const [way, call] of Object.entries(ways)) {
    found[way] = [];
    for (let i = 0; i < calls; ++i) {
      const from = performance.now();
      await call();
      found[way].push(1000 * (performance.now() - from));
    }
  }
  net.close();
  await session.release();
  return found;
})(%s)
"""


def main() -> None:
    """Print the sizes, the start and the speed."""
    site = FOLDER / "build" / "site"
    _sizes(site)
    with served(site) as address:
        _starts(address)
    with served(site, isolated=True) as address:
        _speed(address)


def _sizes(site: Path) -> None:
    files = {"page": [*site.glob("*.*"), *site.glob("app/*"), *site.glob("rules/*")],
             "onnxruntime-web": list(site.glob("runtime/*"))}
    files |= {name: [site / "models" / f"{name}.onnx"] for name in _NETS}
    for name, some in files.items():
        data = [file.read_bytes() for file in some]
        print(f"{name}: {len(data)} files, {sum(map(len, data)):,} bytes, "
              f"{sum(len(gzip.compress(one, 9)) for one in data):,} with gzip -9")


def _starts(address: str) -> None:
    """Print the seconds from asking for the page to a net that has answered, each time anew."""
    for net in _NETS:
        took = []
        for _ in range(_STARTS):
            with Browser(need_browser()) as browser:
                page = browser.page()
                began = time.perf_counter()
                page.open(f"{address}?net={net}")
                page.wait(f"{READY} && document.getElementById('win').textContent !== '–'")
                took.append(time.perf_counter() - began)
        print(f"{net}: ready after {statistics.median(took):.2f} s (median of {_STARTS}, "
              f"{min(took):.2f} to {max(took):.2f})")


def _speed(address: str) -> None:
    with Browser(need_browser()) as browser:
        page = browser.page()
        page.open(address)
        page.wait(READY)
        for net in _NETS:
            for size, calls in _CALLS.items():
                asked = json.dumps([net, size, calls])[1:-1]
                for way, took in page.ask(_TIMES % asked).items():
                    print(f"{net}, {size}, {way}: {statistics.median(took):,.0f} µs (median of "
                          f"{calls}), {min(took):,.0f} (least)")


if __name__ == "__main__":
    main()
