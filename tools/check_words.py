"""Words that no file of the project may hold: paths of somebody's machine, and work put off in a comment."""

import re
import subprocess
import sys
from pathlib import Path

# Written so that no pattern finds itself.
FORBIDDEN = [
    (re.compile(r"/wor[k]/|/home/\w+/|/roo[t]/|/User[s]/\w|/opt/(whee[l]s|pyp[i])"), "a path of a machine"),
    (re.compile(r"(#|//|/\*|\{#|<!--)\s*(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b"), "work put off: do it, or open an issue"),
    (re.compile(r"^(<{7} |>{7} |={7}$)", re.MULTILINE), "a merge conflict"),
]
SKIPPED = {".po", ".mo", ".woff2", ".png", ".ico", ".jpg", ".pdf"}


def main() -> int:
    """Print each place; return 1 if there is one."""
    wrong = []
    files = _files()
    for path in files:
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for pattern, reason in FORBIDDEN:
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                wrong.append(f"{path}:{line}: {match[0].strip()!r}: {reason}")
    print("\n".join(wrong) or f"{len(files)} files are free of forbidden words")
    return 1 if wrong else 0


def _files() -> list[Path]:
    """Return the project's own files: those that git knows or would take in."""
    told = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    vendored = ("headway/web/static/vendor/", "tests/e2e/axe.min.js")
    return [
        path
        for name in sorted(set(filter(None, told.split("\0"))))
        if not name.startswith(vendored) and (path := Path(name)).suffix not in SKIPPED and path.is_file()
    ]


if __name__ == "__main__":
    sys.exit(main())
