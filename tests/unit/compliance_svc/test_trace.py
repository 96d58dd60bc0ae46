"""The page from demands to decisions is that of the packs and cases."""

import yaml

from compliance_svc.kernel.loading import load_documents
from tests.corpus_runner.trace import _REQUIREMENTS, PAGE, page


def test_the_page_is_fresh() -> None:
    assert page() == PAGE.read_text(), "run: python -m tests.corpus_runner.trace"


def test_rules_answer_to_demands_that_exist() -> None:
    demands = set(yaml.safe_load(_REQUIREMENTS.read_text()))
    named = {name for document in load_documents() for rule in document.rules for name in rule.requirement.split(", ")}
    assert named <= demands
