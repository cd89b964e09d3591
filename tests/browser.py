"""A page in a real browser, without a network: what it logs, and what does not fit."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-logging=stderr", "--virtual-time-budget=20000", "--window-size=1500,2000",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom",
)  # fmt: skip
# In a frame of a given width: what is wider than the frame, text outside of its panel, and tables
# that are wider than their box.
_MEASURE = """
onload = () => {
  const found = document.querySelector("iframe").contentDocument, page = found.documentElement;
  const outside = [];
  for (const panel of found.querySelectorAll(".panel")) {
    const box = panel.getBoundingClientRect();
    for (const text of panel.querySelectorAll("text")) {
      const own = text.getBoundingClientRect();
      if (own.width && (own.left < box.left || own.right > box.right || own.bottom > box.bottom))
        outside.push(text.textContent);
    }
  }
  const boxes = [...found.querySelectorAll(".scroll")];
  const cut = boxes.filter((box) => box.scrollWidth > box.clientWidth);
  const tables = cut.map((box) => box.getAttribute("aria-label"));
  document.title = JSON.stringify({ width: page.scrollWidth, outside, tables });
};
"""


def chromium() -> str:
    """Returns the browser's path; the tests that need it fail without one."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    assert found, f"install one of {', '.join(_BROWSERS)}: pages are tested in a browser"
    return found


def opened(url: str, profile: Path) -> tuple[str, list[str]]:
    """Returns the page's elements after its scripts ran, and what the console shows."""
    done = subprocess.run(
        [chromium(), *_FLAGS, f"--user-data-dir={profile}", url],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def measured(page: Path, width: int, folder: Path) -> dict:
    """Returns the `width` that a page takes in a frame so wide, the texts `outside` a panel, and
    the `tables` that are cut off and have to be scrolled."""
    free = re.sub(r"<meta http-equiv[^>]*>", "", page.read_text("utf-8"))
    wrapper = folder / "wrapper.html"
    wrapper.write_text(
        f"<meta charset='utf-8'><iframe style='width:{width}px;height:900px;border:0' "
        f'srcdoc="{html.escape(free)}"></iframe><script>{_MEASURE}</script>',
        encoding="utf-8",
    )
    dom, _ = opened(wrapper.as_uri(), folder / "profile")
    title = re.search(r"<title>(\{.*?\})</title>", dom)
    assert title, dom[:500]
    return json.loads(html.unescape(title[1]))
