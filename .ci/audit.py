"""Asks whether an installed package has a known weakness, and says of how many nobody could be asked.

pip-audit alone passes over packages that its database does not answer about. With `--strict` it ends at the first,
which slotfill itself is until it is published.
"""

import json
import subprocess
import sys

AUDIT = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--format", "json", "--path"]
NEXT = "they are neither shown weak nor sound: run `make audit` where pypi.org is reached"


def judge(report: dict) -> tuple[list[str], int]:
    """Give the lines to print, and the exit code: 0 sound, 1 weak, 2 not all could be asked about."""
    packages = [one for one in report["dependencies"] if one["name"] != "slotfill"]
    lines = [
        f"{one['name']} {one['version']}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for one in packages
        for flaw in one.get("vulns", ())
    ]
    code = 1 if lines else 0
    unasked = [one for one in packages if "skip_reason" in one]
    if unasked:
        lines.append(f"{len(unasked)} of {len(packages)} packages could not be asked about; {NEXT}")
        lines.append(f"the first: {unasked[0]['skip_reason']}")
    return lines or [f"{len(packages)} packages, none with a known weakness"], code or (2 if unasked else 0)


def main(folder: str) -> int:
    """Audit what is installed in a folder of packages."""
    done = subprocess.run([*AUDIT, folder], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    try:
        report = json.loads(done.stdout)
    except ValueError:
        reason = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        lines, code = [f"the database of weaknesses could not be asked about any package; {NEXT}", reason], 2
    else:
        lines, code = judge(report)
    print("\n".join(lines), file=sys.stderr if code else sys.stdout)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
