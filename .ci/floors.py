"""Check the floors with import-linter, and that there was something to check."""

import re
import subprocess
import sys

MINIMUM = {"files": 10, "dependencies": 10, "contracts kept": 1}


def counted(output: str) -> dict[str, int]:
    """Read from import-linter's report how much it looked at."""
    analysed = re.search(r"Analyzed (\d+) files?, (\d+) dependenc", output)
    kept = re.search(r"Contracts: (\d+) kept", output)
    return {
        "files": int(analysed[1]) if analysed else 0,
        "dependencies": int(analysed[2]) if analysed else 0,
        "contracts kept": int(kept[1]) if kept else 0,
    }


def main() -> int:
    run = subprocess.run(["lint-imports", "--no-cache"], check=False, stdout=subprocess.PIPE, text=True)
    print(run.stdout)
    if run.returncode:
        return run.returncode
    counts = counted(run.stdout)
    if empty := [f"{counts[what]} {what}" for what, least in MINIMUM.items() if counts[what] < least]:
        print(f"The floors were not checked: import-linter reports {', '.join(empty)}.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
