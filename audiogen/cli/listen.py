"""audiogen listen: compare two folders by ear, blind; report on the answers."""

from __future__ import annotations

import getpass
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiogen.cli import options

if TYPE_CHECKING:
    from audiogen.listen.session import Session

FILE = click.Path(path_type=Path)
_WAIT_S = 0.5  # Windows hears Ctrl-C only between waits


@click.command("report")
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="ANSWERS.jsonl...")
@options.as_json
@options.talk
@click.pass_obj
def report(state: Any, files: tuple[Path, ...], json_: bool) -> None:
    """What the answers show: counts, exact p, 95 % interval, raters, items, and a plain sentence."""
    from audiogen.cli.output import print_json
    from audiogen.cli.progress import Reporter
    from audiogen.listen import report as reporting

    found = reporting.report(files)
    reporter = Reporter(state.quiet)
    for words in reporting.left_out(found):
        reporter.say(f"note: {words}")
    if json_:
        print_json(found)
        return
    for line in reporting.words(found):
        click.echo(line)


class _WithReport(click.Command):
    """`listen report ...` is a verb of its own; a folder of that name is given as ./report."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args[:1] == [report.name]:
            return report.make_context(f"{info_name} {report.name}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command("listen", cls=_WithReport)
@click.argument("a", type=FILE, metavar="A/")
@click.argument("b", type=FILE, metavar="B/")
@click.option("--answers", type=FILE, help="JSONL file to append to. Default: named after the folders.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: one that is free.")
@click.option("--rater", metavar="NAME", help="Who listens. Default: your user name.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Of order and sides. Default: drawn anew.")
@click.option("--repeats", type=click.IntRange(1, 100), default=1, help="How often each pair is asked.")
@click.option("--question", default="", metavar="TEXT", help="Default: which do you prefer?")
@click.option("--forced", is_flag=True, help='Without "no preference".')
@click.option("--no-open", is_flag=True, help="Only show the address; open no browser.")
@options.talk
@click.pass_obj
def command(state: Any, a: Path, b: Path, answers: Path | None, **given: Any) -> int:
    """Compare two folders by ear: a blind, loudness-matched page on this machine only.

    \b
    audiogen listen old/ new/ --question "Which sounds more like a piano?"
    audiogen listen report listen-old-new.jsonl

    Pairs are files of the same name. Every answer is appended at once; the same command goes on where
    you stopped. Exit code: 0 when all is answered, 130 after Ctrl-C.
    """
    from audiogen.cli.names import slug
    from audiogen.cli.progress import Reporter
    from audiogen.listen.pairs import system_names
    from audiogen.listen.session import Session, Settings

    settings = Settings(
        answers=answers or Path(f"listen-{'-'.join(map(slug, system_names(a, b)))}.jsonl"),
        rater=(given["rater"] or _user()).strip(),
        question=given["question"].strip(),
        repeats=given["repeats"],
        forced=given["forced"],
        seed=given["seed"],
    )
    with Reporter(state.quiet) as reporter:
        session, remarks = Session.open(a, b, settings, reporter)
        for words in remarks:
            reporter.say(f"note: {words}")
    return _serve(session, given["port"], not given["no_open"], Reporter(state.quiet))


def _serve(session: Session, port: int, browser: bool, reporter: Any) -> int:
    """Until all is answered or Ctrl-C; the answers file is named on stdout."""
    from audiogen.errors import Cancelled
    from audiogen.listen.server import serving

    file, total = session.settings.answers, len(session.trials)
    if session.complete:
        reporter.say(f"all {total} trials are answered already by {session.settings.rater}")
        click.echo(str(file))
        return 0
    where = f"; {session.resumed} are answered already" if session.resumed else ""
    reporter.say(f"{total} trials for {session.settings.rater}, seed {session.seed}{where}")
    code = 0
    try:
        with serving(session, port) as server:
            print(f"open {server.url}  (Ctrl-C stops)", file=sys.stderr, flush=True)
            if browser:
                threading.Thread(target=_open, args=[server.url], daemon=True).start()
            while not server.finished.wait(_WAIT_S):
                pass
    except KeyboardInterrupt:
        code = Cancelled.exit_code
    if session.complete:
        reporter.say(f"all {total} answers are in {file}; see `audiogen listen report {file}`")
        code = 0
    elif session.done:
        done = f"stopped after {len(session.done)} of {total}"
        reporter.say(f"{done}; the answers are in {file}, and the same command goes on")
    else:
        reporter.say(f"stopped before the first answer; {file} was not written")
    if session.done:
        click.echo(str(file))
    return code


def _open(url: str) -> None:
    """In a browser with windows; one that lives in the terminal would take it away."""
    import webbrowser

    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return
    if type(browser) is not webbrowser.GenericBrowser:
        browser.open(url)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in this container
        return "listener"
