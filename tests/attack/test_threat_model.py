"""The threat model is true as far as a test can see: what it names is there, and no attack is left out."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODEL = (ROOT / "docs" / "security.md").read_text()


def test_every_test_and_file_it_names_is_there() -> None:
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(re.findall(r"\btest_\w+\.py", MODEL)) <= tests
    named = re.findall(r"`((?:app|db|tests|docs|benchmarks)/[\w./]+\.(?:py|md))`", MODEL)
    assert named and not [path for path in named if not (ROOT / path).is_file()]
    links = re.findall(r"\]\(([\w./-]+)\)", MODEL)
    assert links and not [link for link in links if not (ROOT / "docs" / link).is_file()]


def test_every_attack_is_in_it() -> None:
    attacks = {path.name for path in Path(__file__).parent.glob("test_*.py")} - {Path(__file__).name}
    assert attacks <= set(re.findall(r"\btest_\w+\.py", MODEL))


def test_how_to_report_is_at_the_root_and_linked() -> None:
    assert (ROOT / "SECURITY.md").is_file()
    assert "SECURITY.md" in (ROOT / "README.md").read_text()
