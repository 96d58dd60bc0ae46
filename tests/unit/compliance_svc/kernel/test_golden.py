"""The golden cases that the kernel alone can answer. The others need the service around it."""

from copy import deepcopy
from typing import Any

import pytest

from tests.unit.compliance_svc.kernel.golden import cases, run
from tests.unit.compliance_svc.kernel.golden_missing import missing

OTHERS = ["GC-030", "GC-031", "GC-032", "GC-034", "GC-035", "GC-067", "GC-091", "GC-093", "GC-094", "GC-095"]
"""Cases about keys, signatures, logs and several callers at once: the service's work, not the kernel's."""

CASES = {case["id"]: case for case in cases()}
SUPPORTED = {name: case for name, case in CASES.items() if missing(case) is None}


@pytest.mark.parametrize("case", SUPPORTED.values(), ids=SUPPORTED.keys())
def test_the_kernel_answers_as_the_golden_case_says(case: dict[str, Any]) -> None:
    assert run(case) == []


def test_the_cases_that_the_kernel_alone_cannot_answer_are_known() -> None:
    assert len(CASES) == 99
    assert sorted(set(CASES) - set(SUPPORTED)) == OTHERS


def test_a_wrong_expectation_is_noticed() -> None:
    for name, field, value in (
        ("GC-002", "headroom", "10.01"),
        ("GC-007", "effective_at", "2026-03-29T14:00:00+01:00"),
        ("GC-047", "eligible_from", "2026-09-10T12:00:00+00:00"),
        ("GC-074", "verdict", "ALLOW"),
        ("GC-090", "identical", False),
    ):
        case = deepcopy(SUPPORTED[name])
        step = next(
            step
            for step in reversed(case["steps"])
            if field in step.get("expect", {}) and step["expect"][field] != value
        )
        step["expect"] = {field: value}
        assert len(run(case)) == 1, name
