"""How workers meet, and what they know of each other: on sockets, without TensorFlow."""

import contextlib
import socket
import threading

import pytest

from ranker.workers import Cluster, ClusterError, LostError, RefusedError, meet
from ranker.workers.meet import _listener


def free_ports(count):
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in found:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in found]


def met(*about, clusters=None, wait=20.0, timeout=20.0):
    """Has as many workers meet as there are of `about`; returns what each got, or its error."""
    addresses = tuple(f"127.0.0.1:{port}" for port in free_ports(len(about)))
    clusters = clusters or [Cluster(addresses, rank) for rank in range(len(about))]
    found = [None] * len(about)

    def one(rank):
        try:
            found[rank] = meet(clusters[rank], about[rank], wait=wait, timeout=timeout)
        except Exception as error:  # noqa: BLE001
            found[rank] = error

    threads = [threading.Thread(target=one, args=(rank,)) for rank in range(len(about))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.fixture
def three():
    peers = met({"seed": "1"}, {"seed": "1"}, {"seed": "1"})
    yield peers
    for each in peers:
        each.close()


def test_the_chief_speaks_to_all_and_hears_each(three):
    chief, one, two = three
    assert (chief.ranks, one.ranks, two.ranks) in (((1, 2), (0,), (0,)), ((2, 1), (0,), (0,)))
    chief.send({"do": "run", "text": "ä" * 70_000})
    assert [each.receive(0)["do"] for each in (one, two)] == ["run", "run"]
    two.send({"digest": 2})
    one.send({"digest": 1})
    assert [chief.receive(rank)["digest"] for rank in (1, 2)] == [1, 2]
    two.send({"signal": 15})
    one.send({"signal": 2})
    one.send({"digest": 3})
    looked = []  # also where nothing has to be waited for: a signal is told of between fast calls
    assert chief.receive(1, waiting=lambda: looked.append(1)) == {"digest": 3}
    assert looked
    assert chief.signal in (2, 15)


def test_who_leaves_is_lost_to_those_who_wait_and_who_refuses_says_why(three):
    chief, one, two = three
    two.close()
    with pytest.raises(LostError, match=r"worker 2 of 3 \(127.*\) is gone: stopped; the same"):
        chief.receive(1)
    one.send({"refused": "worker 1 of 3: no such file"})
    with pytest.raises(RefusedError, match="no such file"):
        chief.receive(2)


def test_one_that_is_silent_is_lost_and_who_is_stuck_is_ended():
    addresses = tuple(f"127.0.0.1:{port}" for port in free_ports(2))
    ours, theirs = socket.socketpair()
    from ranker.workers import peers as module

    stuck = threading.Event()
    grace, module._GRACE_SECONDS = module._GRACE_SECONDS, 0.1
    try:
        chief = module.Peers(
            Cluster(addresses, 0), {1: ours}, timeout=1.5, on_stuck=lambda why: stuck.set()
        )
        with pytest.raises(LostError, match="silent for 1 seconds"):
            chief.blame(1.0)  # sooner than it counts as lost, where an operation failed
        with pytest.raises(LostError, match="silent for"):
            chief.receive(1)
        assert stuck.wait(10)
    finally:
        module._GRACE_SECONDS = grace
        chief.close()
        theirs.close()


@pytest.mark.parametrize(
    ("hosts", "listens"),
    [
        (("127.0.0.1", "127.0.0.1"), "127.0.0.1"),  # --workers=N
        (("127.0.0.3", "127.0.0.3"), "127.0.0.3"),
        (("localhost", "203.0.113.2"), "0.0.0.0"),  # a host's own name may be loopback to itself
        (("203.0.113.1", "203.0.113.2"), "0.0.0.0"),  # a service's address, not this machine's
    ],
)
def test_the_chief_listens_at_the_address_that_is_named_if_it_has_it(hosts, listens):
    ports = free_ports(2)
    addresses = tuple(f"{host}:{port}" for host, port in zip(hosts, ports, strict=True))
    with _listener(Cluster(addresses, 0)) as listener:
        assert listener.getsockname() == (listens, ports[0])
        with pytest.raises(ClusterError, match=r":\d+: the chief cannot listen at port .*in use"):
            _listener(Cluster(addresses, 0))


def test_another_run_is_refused_on_all_sides_by_what_differs():
    found = met({"the settings": "a", "version": "1"}, {"the settings": "b", "version": "1"})
    for each in found:
        assert isinstance(each, RefusedError), each
        assert "worker 1 of 2" in str(each)
        assert "has the settings b, the chief a" in str(each)


def test_another_cluster_and_a_rank_that_is_taken_are_refused():
    one, two = free_ports(2)
    here = (f"127.0.0.1:{one}", f"127.0.0.1:{two}")
    found = met({}, {}, clusters=[Cluster(here, 0), Cluster((here[0], "10.9.9.9:1"), 1)])
    assert all("another worker says" in str(each) for each in found), found
    three = (*here, "127.0.0.1:1")
    found = met({}, {}, {}, clusters=[Cluster(three, 0), Cluster(three, 1), Cluster(three, 1)])
    assert "two processes are worker 1 of 3" in str(found[0])


def test_who_does_not_come_is_named_after_the_wait():
    (port,) = free_ports(1)
    addresses = (f"127.0.0.1:{port}", "10.9.9.9:2222")
    with pytest.raises(LostError, match=r"worker 1 of 2 \(10.9.9.9:2222\): not there after 1 sec"):
        meet(Cluster(addresses, 0), {}, wait=1.0, timeout=5.0)
    with pytest.raises(LostError, match=r"worker 0 of 2 .*: not there after 1 sec"):
        meet(Cluster((f"127.0.0.1:{port}", "127.0.0.1:9"), 1), {}, wait=1.0, timeout=5.0)


def test_a_stranger_is_not_taken_for_a_worker():
    addresses = tuple(f"127.0.0.1:{port}" for port in free_ports(2))
    found = []
    chief = threading.Thread(
        target=lambda: found.append(meet(Cluster(addresses, 0), {}, wait=20.0, timeout=5.0))
    )
    chief.start()
    host, port = Cluster(addresses, 0).host_and_port(0)
    for line in (b"GET / HTTP/1.1\r\n\r\n", b"{}\n", b"7\n"):
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                stranger = socket.create_connection((host, port), timeout=10)
                break
        stranger.sendall(line)
        with contextlib.suppress(OSError):
            assert stranger.recv(1) == b""
        stranger.close()
    other = meet(Cluster(addresses, 1), {}, wait=20.0, timeout=5.0)
    chief.join()
    for each in (other, *found):
        each.close()
