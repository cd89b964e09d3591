"""Writes small KuaiRand datasets in the official format."""

import csv
from pathlib import Path

import numpy as np


def _words(text: str) -> list[str]:
    return text.split(",")


LOG = _words(
    "user_id,video_id,date,hourmin,time_ms,is_click,is_like,is_follow,is_comment,is_forward,"
    "is_hate,long_view,play_time_ms,duration_ms,profile_stay_time,comment_stay_time,"
    "is_profile_enter,is_rand,tab"
)
USER = _words(
    "user_id,user_active_degree,is_lowactive_period,is_live_streamer,is_video_author,"
    "follow_user_num,follow_user_num_range,fans_user_num,fans_user_num_range,friend_user_num,"
    "friend_user_num_range,register_days,register_days_range"
) + [f"onehot_feat{i}" for i in range(18)]
VIDEO = _words(
    "video_id,author_id,video_type,upload_dt,upload_type,visible_status,video_duration,"
    "server_width,server_height,music_id,music_type,tag"
)
START_MS = 1_650_000_000_000  # 2022-04-15T05:20Z
HOUR_MS = 3_600_000


def log_row(user: int, video: int, time_ms: int, **values: int) -> dict[str, int]:
    """Returns an impression that nothing came of, but for `values`."""
    known = {"user_id": user, "video_id": video, "time_ms": time_ms, "date": 20220415}
    return {**dict.fromkeys(LOG, 0), **known, "duration_ms": 10_000, "tab": 1, **values}


def user_row(user: int, **values: object) -> dict[str, object]:
    """Returns a user of many words, and of no number but `values`."""
    words = {
        "user_active_degree": "full_active",
        "follow_user_num_range": "(0,10]",
        "fans_user_num_range": "[10,100)",
        "friend_user_num_range": "0",
        "register_days_range": "730+",
    }
    return {**dict.fromkeys(USER, 0), **words, "user_id": user, **values}


def video_row(video: int, **values: object) -> dict[str, object]:
    """Returns a video as the file has it: numbers with .0, tags in one quoted value."""
    known = {
        "author_id": 100 + video,
        "video_type": "NORMAL",
        "upload_dt": "2022-04-10",
        "upload_type": "LongImport",
        "visible_status": "0.0",
        "video_duration": "10000.0",
        "server_width": "720.0",
        "server_height": "1280.0",
        "music_id": 9_155_697_141,
        "music_type": "9.0",
        "tag": "12,65",
    }
    return {"video_id": video, **known, **values}


def write_table(path: Path, columns: list[str], rows: list[dict]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_kuairand(
    folder: Path,
    logs: dict[str, list[dict]],
    *,
    users: list[dict],
    videos: list[dict],
    size: str = "pure",
) -> Path:
    """Writes the tables, and a log for each of `logs`, such as "standard_4_08_to_4_21"."""
    folder.mkdir(exist_ok=True)
    for name, rows in logs.items():
        write_table(folder / f"log_{name}.csv", LOG, rows)
    write_table(folder / f"user_features_{size}.csv", USER, users)
    write_table(folder / f"video_features_basic_{size}.csv", VIDEO, videos)
    return folder


def random_rows(seed: int, *, num_rows: int, num_users: int = 4, num_videos: int = 6) -> list[dict]:
    """Returns impressions over a day, many of them within one second, in no order of time."""
    random = np.random.default_rng(seed)
    return [
        log_row(
            int(random.integers(num_users)),
            int(random.integers(num_videos)),
            START_MS + int(random.integers(24)) * HOUR_MS + int(random.integers(2_500)),
            is_click=int(random.random() < 0.5),
            is_like=int(random.random() < 0.2),
            long_view=int(random.random() < 0.3),
            play_time_ms=int(random.integers(20_000)),
        )
        for _ in range(num_rows)
    ]


def write_random(folder: Path, *, seed: int = 0, num_rows: int = 60) -> Path:
    """Writes a small KuaiRand-Pure of random impressions in two logs."""
    rows = random_rows(seed, num_rows=num_rows)
    half = num_rows // 2
    logs = {
        "standard_4_08_to_4_21_pure": rows[:half],
        "standard_4_22_to_5_08_pure": rows[half:],
    }
    users = [user_row(user, fans_user_num=7 * user) for user in range(4)]
    videos = [video_row(video, tag="" if video == 2 else f"{video},40") for video in range(6)]
    return write_kuairand(folder, logs, users=users, videos=videos)
