"""audiogen listen: compare systems by ear or eye, blind; report on the answers."""

from __future__ import annotations

import getpass
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiogen.cli import options

if TYPE_CHECKING:
    from audiogen.listen.session import Sittings

FILE = click.Path(path_type=Path)
_WAIT_S = 0.5  # Windows hears Ctrl-C only between waits


@click.command("report")
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="ANSWERS.jsonl...")
@click.option("--html", type=FILE, metavar="FILE.html", help="Also as a page with plots.")
@click.option(
    "--csv", "csv_", type=FILE, metavar="DIR/", help="Also the answers, in the columns of webMUSHRA."
)
@click.option("--no-screening", is_flag=True, help="Keep raters who fail the checks of their kind.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
@options.as_json
@options.talk
@click.pass_obj
def report(state: Any, files: tuple[Path, ...], json_: bool, **given: Any) -> None:
    """What the answers show: intervals, exact tests, raters, items, and a plain sentence.

    Answers given in a page of --static need the .key.json that was written beside it: in the same folder as
    the answers or the current one, or named here.
    """
    from audiogen.cli.output import print_json
    from audiogen.cli.progress import Reporter
    from audiogen.listen import report as reporting
    from audiogen.listen import report_page, webmushra
    from audiogen.media.files import check_target, write_together

    if given["html"]:
        check_target(given["html"], given["force"])
    rows, counts = reporting.collect(files)
    found = reporting.report(rows, counts, not given["no_screening"])
    reporter = Reporter(state.quiet)
    for words in reporting.left_out(found):
        reporter.say(f"note: {words}")
    written: dict[Path, bytes] = {}
    if given["html"]:
        written[given["html"]] = report_page.page(found)
    if given["csv_"]:
        given["csv_"].mkdir(exist_ok=True)
        written |= {given["csv_"] / name: data for name, data in webmushra.tables(rows).items()}
    write_together(written, given["force"])
    for path in written:
        reporter.say(f"wrote {path}")
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
@click.argument("places", type=FILE, nargs=-1, required=True, metavar="A/ B/ ... | TEST.yaml")
@click.option("--kind", metavar="ab|abx|mushra|mos|rank|shows", help="What is asked; default: ab.")
@click.option("--reference", type=FILE, metavar="DIR/", help="The originals, for mushra.")
@click.option("--answers", type=FILE, help="JSONL file to append to. Default: named after the folders.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: one that is free.")
@click.option(
    "--rater", metavar="NAME", help="Who listens. Default: your user name; with --share, as they say."
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Of order and sides. Default: drawn anew.")
@click.option("--repeats", type=click.IntRange(1, 100), default=1, help="How often each is asked.")
@click.option("--trials", type=click.IntRange(1, 1000), help="At most so many; of abx exactly (default 16).")
@click.option("--checks", type=click.IntRange(0, 20), default=0, help="So many attention checks among them.")
@click.option("--question", default="", metavar="TEXT", help="Default: the one of the kind.")
@click.option("--forced", is_flag=True, help='Without "no preference".')
@click.option("--share", is_flag=True, help="Let others on the local network answer, each under a name.")
@click.option("--static", type=FILE, metavar="FILE.html", help="Write a page to send instead of serving one.")
@click.option(
    "--yaml", "yaml_", type=FILE, metavar="FILE.yaml", help="Write it as a webMUSHRA configuration instead."
)
@click.option("--force", is_flag=True, help="Replace files that exist.")
@click.option("--no-open", is_flag=True, help="Only show the address; open no browser.")
@options.talk
@click.pass_obj
def command(state: Any, places: tuple[Path, ...], **given: Any) -> int:
    """Compare systems by ear or eye, blind and loudness-matched, in a page on this machine.

    \b
    audiogen listen old/ new/ --question "Which sounds more like a piano?"
    audiogen listen ours/ theirs/ real/ --kind mushra --reference real/ --share
    audiogen listen cats/ dogs/ --kind shows --static test.html
    audiogen listen report listen-old-new.jsonl --html report.html

    \b
    ab      which of two is preferred; of more systems every pair
    abx     is X A or B
    mushra  0 to 100 beside a reference, with hidden reference and anchors
    mos     one at a time, 1 to 5
    rank    from best to worst
    shows   is it what was asked for

    Files of the same name belong together, sounds or pictures. Every answer is appended at once; the same
    command goes on where you stopped. Exit code: 0 when all is answered, 130 after Ctrl-C.
    """
    from audiogen.cli.progress import Reporter
    from audiogen.listen.answers import open_answers
    from audiogen.listen.design import design_of, open_design
    from audiogen.listen.session import Sittings
    from audiogen.media.files import check_target

    config = places[0] if len(places) == 1 and places[0].suffix.lower() in (".yaml", ".yml") else None
    written = [given[name] for name in ("static", "yaml_") if given[name]]
    if given["share"] and written:
        raise click.UsageError("--share serves a page, and --static or --yaml writes one; take one of them.")
    for file in written:
        check_target(file, given["force"])
    with Reporter(state.quiet) as reporter:
        if config is None:
            settings = _settings(given, given["kind"] or "ab", _answers(given["kind"] or "ab", places))
            if not written:
                open_answers(settings.answers)  # what can be refused is refused before the work
            design, remarks = open_design(places, given["reference"], settings, reporter)
        else:
            from audiogen.listen import webmushra

            read = webmushra.read_config(config, given["kind"])
            settings = _settings(given, read.kind, Path(f"listen-{config.stem}.jsonl"))
            if not written:
                open_answers(settings.answers)
            design, remarks = design_of(read.items, "sound", settings, reporter)
            remarks = read.remarks + remarks
        for words in remarks:
            reporter.say(f"note: {words}")
    reporter = Reporter(state.quiet)
    if written:
        return _write(design, given, reporter)
    return _serve(Sittings(design), given["port"], given["share"], not given["no_open"], reporter)


def _settings(given: dict[str, Any], kind: str, answers: Path) -> Any:
    from audiogen.listen.design import Settings

    alone = not (given["share"] or given["static"] or given["yaml_"])
    return Settings(
        answers=given["answers"] or answers,
        kind=kind,
        question=given["question"].strip(),
        repeats=given["repeats"],
        trials=given["trials"] or 0,
        checks=given["checks"],
        forced=given["forced"],
        seed=given["seed"],
        rater=(given["rater"] or _user()).strip() if alone else None,
    )


def _answers(kind: str, places: tuple[Path, ...]) -> Path:
    """The name of the answers file where none is given."""
    from audiogen.cli.names import slug
    from audiogen.listen.folders import system_names

    first = [] if kind == "ab" else [kind]
    return Path(f"listen-{'-'.join([*first, *map(slug, system_names(places))])[:120]}.jsonl")


def _write(design: Any, given: dict[str, Any], reporter: Any) -> int:
    """Files instead of a page that is served; their names on stdout."""
    from audiogen.listen import webmushra
    from audiogen.listen.sealed import write_static

    if given["static"]:
        key = write_static(design, given["static"], given["force"])
        reporter.say(f"send {given['static']}; keep {key}, without it the answers cannot be read")
        click.echo(str(given["static"]))
    if given["yaml_"]:
        for words in webmushra.write_config(design, given["yaml_"], given["force"]):
            reporter.say(f"note: {words}")
        click.echo(str(given["yaml_"]))
    return 0


def _serve(sittings: Sittings, port: int, share: bool, browser: bool, reporter: Any) -> int:
    """Until all is answered or Ctrl-C; the answers file is named on stdout."""
    from audiogen.errors import Cancelled
    from audiogen.listen.server import serving

    file = sittings.design.settings.answers
    code = 0
    try:
        with serving(sittings, port, share) as server:
            own = server.session
            if own is not None and own.complete:
                reporter.say(f"all {len(own.trials)} trials are answered already by {own.rater}")
                click.echo(str(file))
                return 0
            if own is not None:
                where = f"; {own.resumed} are answered already" if own.resumed else ""
                reporter.say(f"{len(own.trials)} trials for {own.rater}, seed {own.seed}{where}")
            print(f"open {server.url}  (Ctrl-C stops)", file=sys.stderr, flush=True)
            if browser:
                threading.Thread(target=_open, args=[server.url], daemon=True).start()
            while not server.finished.wait(_WAIT_S):
                pass
    except KeyboardInterrupt:
        code = Cancelled.exit_code
    sessions = sittings.sessions
    done, total = sum(len(s.done) for s in sessions), sum(len(s.trials) for s in sessions)
    if total and done == total:
        reporter.say(f"all {total} answers are in {file}; see `audiogen listen report {file}`")
        code = 0
    elif done:
        reporter.say(
            f"stopped after {done} of {total}; the answers are in {file}, and the same command goes on"
        )
    else:
        reporter.say(f"stopped before the first answer; {file} was not written")
    if done:
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
