"""Writes small files of AliExpress, Ali-CCP and ByteRec in their formats."""

from pathlib import Path

import numpy as np

from ranker.datasets.public.aliexpress.examples import CATEGORICAL, JOINED, NUMERICAL

PARTS = ("train", "test")


def joined_row(**values: object) -> str:
    """Returns a line of AliExpress' joined layout: search 7, codes 1 to 16, numbers 0.01 on."""
    row: dict[str, object] = {"search_id": 7, "click": 0, "conversion": 0}
    row |= {name: i + 1 for i, name in enumerate(CATEGORICAL)}
    row |= {name: (i + 1) / 100 for i, name in enumerate(NUMERICAL)}
    row |= values
    return ",".join(str(row[name]) for name in JOINED) + "\n"


def write_joined(folder: Path, *, seed: int = 0, num_rows: int = 12) -> Path:
    """Writes train.csv and test.csv."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(seed)
    for part in PARTS:
        lines = [",".join(JOINED) + "\n"]
        for _ in range(num_rows):
            click = int(random.integers(2))
            conversion = click * int(random.integers(2))
            code, number = int(random.integers(50)), round(float(random.random()), 6)
            lines.append(
                joined_row(
                    categorical_7=code, numerical_30=number, click=click, conversion=conversion
                )
            )
        (folder / f"{part}.csv").write_text("".join(lines))
    return folder


def write_published(folder: Path, country: str = "nl") -> Path:
    """Writes what `write_joined` does as the published four files of a country."""
    joined = write_joined(folder)
    for part in PARTS:
        rows = [line.split(",") for line in (joined / f"{part}.csv").read_text().splitlines()[1:]]
        pages, items = [], []
        for page, row in enumerate(rows):
            codes, numbers, labels = row[1:17], row[17:80], row[80:]
            pages.append([page, *codes[:7], *numbers[:23], *codes[7:9]])
            item = [None] * 49
            item[0], item[48] = page, sum(map(int, labels))
            for place, code in zip((19, 34, 35, 36, 40, 41, 42), codes[9:], strict=True):
                item[place - 1] = code
            rest = iter(numbers[23:])
            items.append([next(rest) if value is None else value for value in item])
        pages.reverse()  # in another order than the items
        for kind, lines in (("user", pages), ("item", items)):
            text = "".join(",".join(map(str, line)) + "\n" for line in lines)
            (folder / f"{country}_{kind}_{part}.csv").write_text(text)
        (joined / f"{part}.csv").unlink()
    return folder


def entries(*triples: tuple[str, int, float]) -> str:
    """Returns features of Ali-CCP: field, id and value each."""
    return "\x01".join(f"{field}\x02{number}\x03{value}" for field, number, value in triples)


OWN = [("205", 9, 1.0), ("206", 8, 1.0), ("301", 2, 1.0), ("508", 5, 2.5)]
SHARED = [("101", 3, 1.0), ("124", 1, 1.0), ("109_14", 6, 0.5), ("109_14", 4, 1.5)]


def impression(
    number: int = 1, *, click: object = 1, conversion: object = 0, key: str = "a0", own=OWN
) -> str:
    """Returns a line of sample_skeleton_*.csv."""
    text = own if isinstance(own, str) else entries(*own)
    return f"{number},{click},{conversion},{key},{len(own)},{text}\n"


def shared(key: str = "a0", features=SHARED) -> str:
    """Returns a line of common_features_*.csv."""
    text = features if isinstance(features, str) else entries(*features)
    return f"{key},{len(features)},{text}\n"


def write_aliccp(folder: Path, *, seed: int = 0, num_rows: int = 12) -> Path:
    """Writes the four files with random impressions of three keys."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(seed)
    for part in PARTS:
        common = "".join(
            shared(f"a{key}", [("101", key + 1, 1.0), ("110_14", int(random.integers(1, 9)), 1.0)])
            for key in range(3)
        )
        lines = []
        for number in range(num_rows):
            click = int(random.integers(2))
            own = [("205", int(random.integers(1, 20)), 1.0), ("702", 4, float(random.random()))]
            key = f"a{random.integers(3)}"
            conversion = click * int(random.integers(2))
            lines.append(impression(number, click=click, conversion=conversion, key=key, own=own))
        (folder / f"common_features_{part}.csv").write_text(common)
        (folder / f"sample_skeleton_{part}.csv").write_text("".join(lines))
    return folder


VIDEO = {
    "uid": 37448, "user_city": 115, "item_id": 567569, "author_id": 44888, "item_city": 42,
    "channel": 0, "finish": 0, "like": 1, "music_id": -1, "did": 43981, "time": 53085738314,
    "seconds": 9,
}  # fmt: skip


def view(**values: object) -> str:
    """Returns a line of final_track2_train.txt."""
    return "\t".join(str(value) for value in (VIDEO | values).values()) + "\n"


def write_byterec(folder: Path, *, seed: int = 0, num_rows: int = 40) -> Path:
    """Writes the training file of track 2 with random views."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(seed)
    lines = [
        view(
            uid=int(random.integers(5)),
            item_id=int(random.integers(9)),
            finish=int(random.integers(2)),
            like=int(random.integers(2)),
            time=53_085_000_000 + int(random.integers(10**6)),
            seconds=int(random.integers(2, 60)),
        )
        for _ in range(num_rows)
    ]
    (folder / "final_track2_train.txt").write_text("".join(lines))
    return folder
