"""The README's picture, from a built report: page one, small enough for a repository. `make pictures` calls this."""

import sys
from pathlib import Path

from PIL import Image

WIDTH = 1000  # pixels: text stays readable, the file small

page = Image.open(Path(sys.argv[1]) / "report.png").convert("RGB")
small = page.resize((WIDTH, round(page.height * WIDTH / page.width)), Image.Resampling.LANCZOS)
target = Path(__file__).with_name("page.png")
# an octree keeps the few bright colours of the figures; a median cut turns them grey
small.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(target, optimize=True)
print(f"{target.name}: {target.stat().st_size // 1024} kB")
