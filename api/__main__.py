"""The command line: `python -m api COMMAND …`; exit status 0 only on success."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from types import ModuleType

from api.commands import COMMANDS, HIDDEN
from api.process import EXIT_MISCONFIGURED
from core.errors import CloudfilmError, Misconfigured
from infra import garbage

PROGRAM = "python -m api"


def main(words: list[str]) -> int:
    """Run one command; our own errors become one line on stderr."""
    if not words or words[0] not in {**COMMANDS, **HIDDEN}:
        return _overview(words)
    module = _module(words[0])
    parser = argparse.ArgumentParser(prog=f"{PROGRAM} {words[0]}", description=module.__doc__)
    module.add_arguments(parser)
    try:
        return int(module.run(parser.parse_args(words[1:])))
    except CloudfilmError as error:
        print(f"cloudfilm: {error}", file=sys.stderr)
        return _exit_code(error)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _overview(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        usage=f"{PROGRAM} COMMAND [OPTION…]",
        description="cloudfilm: electronic film for hospitals.",
        epilog=f"'{PROGRAM} COMMAND --help' tells more. Settings are CLOUDFILM_* environment variables (docs/settings.md);"
        " the data folder is CLOUDFILM_HOME, else ./.cloudfilm.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (_, help_text) in COMMANDS.items():
        commands.add_parser(name, help=help_text)
    parser.parse_args(words)
    parser.print_help()
    return 2


def _module(command: str) -> ModuleType:
    name = HIDDEN.get(command) or COMMANDS[command][0]
    with garbage.no_search():
        return import_module(f"api.commands.{name}")


def _exit_code(error: CloudfilmError) -> int:
    """A child tells its supervisor that starting again cannot help; everything else is a plain failure."""
    under_supervisor = "--ready-fd" in sys.argv
    return EXIT_MISCONFIGURED if under_supervisor and isinstance(error, Misconfigured) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
