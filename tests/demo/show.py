# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the facts of the demonstration for people: the version table, then the findings."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(path: str) -> None:
    facts = json.loads(Path(path).read_text(encoding="utf-8"))
    board, system = facts["docker_host"]["board"], facts["docker_host"]["os"]
    print(f"\n{board['model'] or 'A machine without a name'}, {system['pretty_name']}")
    rows = [("Component", "Version", "Detail")]
    rows += [
        (row["component"], row["version"], row["detail"])
        for row in facts["docker_version"]["table"]
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print("  " + " | ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())
    findings = facts["docker_host"]["findings"]
    print(f"\nFindings: {len(findings) or 'none'}")
    for finding in findings:
        print(f"  [{finding['severity']}] {finding['id']}: {finding['summary']}")
        print(f"      {finding['evidence']}\n      -> {finding['remedy']}")


if __name__ == "__main__":
    main(sys.argv[1])
