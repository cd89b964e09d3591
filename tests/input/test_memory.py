"""How much memory rows take, and how much there is."""

import dataclasses

from tiny_dataset import tiny_schema

from ranker.input import Encoder, free_bytes, read_split, read_vocabularies, row_bytes


def test_rows_take_what_they_are_said_to(prepared):
    schema = tiny_schema()
    encoder = Encoder(schema, read_vocabularies(prepared, schema))
    split = read_split(prepared / "train.parquet", schema, encoder, known_users=[])
    held = [array for part in split.rows for array in part.values()]
    held += [split.users, split.is_warm, split.times]
    per_row = sum(array.nbytes for array in held) / len(split)
    assert per_row + 3 * 8 == row_bytes(schema)  # and three orders of the rows, int64


def test_names_of_users_take_more():
    schema = tiny_schema()
    user = dataclasses.replace(schema.features[0], dtype="string")
    named = dataclasses.replace(schema, features=(user, *schema.features[1:]))
    assert row_bytes(named) == row_bytes(schema) + 64


def test_free_is_what_the_system_and_the_container_leave(tmp_path):
    (tmp_path / "proc").mkdir()
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    whole = free_bytes(tmp_path)
    assert whole > 0  # of the machine, where nothing is told
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9000 kB\nMemAvailable: 4000 kB\nHuge: 0\n")
    assert free_bytes(tmp_path) == 4_096_000
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("1000000\n")
    assert free_bytes(tmp_path) == 4_096_000
    (group / "memory.max").write_text("3000000\n")
    assert free_bytes(tmp_path) == 2_000_000
    (group / "memory.stat").write_text("anon 500\ninactive_file 200000\n")
    assert free_bytes(tmp_path) == 2_200_000
    (group / "memory.current").write_text("9000000\n")
    assert free_bytes(tmp_path) == 0


def write_group(group, limit, used, *, names=("max", "current")):
    group.mkdir(parents=True, exist_ok=True)
    for name, number in zip(names, (limit, used), strict=True):
        (group / f"memory.{name}").write_text(f"{number}\n")


def test_the_tightest_of_the_groups_that_a_process_is_in_binds_it(tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemAvailable: 4000 kB\n")
    (tmp_path / "proc/self/cgroup").write_text("7:cpu,cpuacct:/night\n0::/jobs/night\n")
    mounted = tmp_path / "sys/fs/cgroup"
    write_group(mounted / "jobs/night", 3_000_000, 1_000_000)
    assert free_bytes(tmp_path) == 2_000_000
    write_group(mounted / "jobs", 3_000_000, 2_500_000)
    assert free_bytes(tmp_path) == 500_000  # the job beside it takes the rest
    write_group(mounted / "night", 1_000, 1_000)
    assert free_bytes(tmp_path) == 500_000  # another's


def test_groups_of_the_first_version_bind_too(tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemAvailable: 4000 kB\n")
    (tmp_path / "proc/self/cgroup").write_text("4:memory:/jobs\n0::/\n")
    mounted = tmp_path / "sys/fs/cgroup/memory"
    names = ("limit_in_bytes", "usage_in_bytes")
    write_group(mounted, 9_223_372_036_854_771_712, 5_000_000, names=names)
    assert free_bytes(tmp_path) == 4_096_000
    write_group(mounted / "jobs", 3_000_000, 1_000_000, names=names)
    (mounted / "jobs/memory.stat").write_text("inactive_file 5\ntotal_inactive_file 200000\n")
    assert free_bytes(tmp_path) == 2_200_000
