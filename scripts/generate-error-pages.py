#!/usr/bin/env python3
"""Compiles docs/errors/*.md into the program: writes Sources/Surfaces/CommandLine/ErrorPageTable.swift.

usage: generate-error-pages.py [--check]

With --check nothing is written; the exit status is 1 when the file is not what the pages say.
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "Sources/Surfaces/CommandLine/ErrorPageTable.swift"


def table():
    lines = ["// Written by scripts/generate-error-pages.py from docs/errors/; change the pages, not this file.", "",
             "/// The pages in the order of their codes.", "let errorPageTable: [ErrorPage] = ["]
    for page in sorted((ROOT / "docs/errors").glob("*.md")):
        text = page.read_text()
        if page.stem == "README":
            continue
        if '"""#' in text or "\\#(" in text:
            sys.exit(f"{page}: this cannot stand in a Swift literal")
        lines += ["    ErrorPage(", f'        "{page.stem}",', '        #"""']
        lines += [f"        {line}".rstrip() for line in text.rstrip("\n").split("\n")]
        lines += ['        """#),']
    return "\n".join(lines + ["]", ""])


if sys.argv[1:] == ["--check"]:
    sys.exit(0 if TABLE.exists() and TABLE.read_text() == table() else 1)
TABLE.write_text(table())
