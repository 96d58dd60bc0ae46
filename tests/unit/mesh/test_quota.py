from __future__ import annotations

from mesh.quota import Quota


class Time:
    now = 100.9

    def __call__(self) -> float:
        return self.now


def test_a_flood_is_cut_off_and_counted_in_the_next_line() -> None:
    time = Time()
    quota = Quota(3, time)
    assert [quota.take("a") for _ in range(5)] == [0, 0, 0, None, None]
    time.now = 101.0
    assert [quota.take("a") for _ in range(4)] == [2, 0, 0, None]


def test_one_kind_does_not_use_up_the_quota_of_another() -> None:
    quota = Quota(1, Time())
    assert [quota.take(kind) for kind in ("a", "b", "a", "b")] == [0, 0, None, None]
