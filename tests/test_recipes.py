"""The hook of pre-commit, run by pre-commit itself on a repository with a good and a bad schema."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from checkout import ROOT

pytest.importorskip("pre_commit", reason="pre-commit is not installed: it is of the dependency group `dev`")

HOOKS = ROOT / ".pre-commit-hooks.yaml"
GOOD = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
BAD = GOOD | {"properties": {"age": {"type": "integer", "minimum": 5, "maximum": 1}}}


def pre_commit(folder, *arguments):
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": paths, "PRE_COMMIT_HOME": str(folder / "cache")}
    command = [sys.executable, "-m", "pre_commit", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_manifest_of_hooks_is_valid(tmp_path):
    assert pre_commit(tmp_path, "validate-manifest", str(HOOKS)).returncode == 0
    bad = tmp_path / "bad.yaml"
    bad.write_text(HOOKS.read_text().replace("entry:", "entrance:"))
    assert pre_commit(tmp_path, "validate-manifest", str(bad)).returncode == 1


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_the_hook_refuses_a_bad_schema_alone(tmp_path):
    """As `repo: local`, which installs nothing: the hook's own table is what is run."""
    (hook,) = yaml.safe_load(HOOKS.read_text())
    local = [{"repo": "local", "hooks": [{**hook, "language": "system", "files": r"^schemas/.*\.json$"}]}]
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": local}))
    (tmp_path / "schemas").mkdir()
    (tmp_path / "other.json").write_text(json.dumps(BAD))
    for name in ("first", "second"):
        (tmp_path / f"schemas/{name}.json").write_text(json.dumps(GOOD))
    for arguments in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    passed = pre_commit(tmp_path, "run", "--all-files")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    (tmp_path / "schemas/second.json").write_text(json.dumps(BAD))
    failed = pre_commit(tmp_path, "run", "--all-files")
    assert failed.returncode == 1
    assert "schemas/second.json:" in failed.stdout
