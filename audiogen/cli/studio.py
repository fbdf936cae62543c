"""audiogen studio: a page on this machine to make, see, change and keep sounds and pictures."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path
from typing import Any

import click

from audiogen.cli import options

_WAIT_S = 0.5  # Windows hears Ctrl-C only between waits


@click.command("studio")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("audiogen-studio"),
    show_default=True,
    help="Where the history is kept.",
)
@click.option(
    "--limit",
    type=click.FloatRange(0.05, 10_000),
    default=4.0,
    metavar="GB",
    help="Of the folder; default 4.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: one that is free.")
@click.option("--share", is_flag=True, help="Open it to the local network, behind a token.")
@click.option("--no-open", is_flag=True, help="Only show the address; open no browser.")
@options.talk
@click.pass_obj
def command(state: Any, folder: Path, limit: float, port: int, share: bool, no_open: bool) -> int:
    """Make, see, change and keep sounds and pictures in a page on this machine.

    Needs the extra ui: pip install "audiogen[ui]". Programs ask by HTTP, see docs/studio.md.

    \b
    audiogen studio
    audiogen studio --folder ~/music/studio --limit 20
    audiogen studio --share
    """
    from audiogen.cli.progress import Reporter
    from audiogen.errors import AudiogenError, MissingPackage

    reporter = Reporter(state.quiet)
    try:
        from audiogen.studio.server import Serving, application, with_page
    except ImportError as problem:
        raise MissingPackage('The studio needs gradio: pip install "audiogen[ui]".') from problem
    from audiogen.studio.desk import Desk
    from audiogen.studio.worker import Isolated

    token = secrets.token_urlsafe(18) if share else ""
    try:
        desk = Desk(folder.expanduser(), Isolated(), int(limit * 1e9))
    except OSError as problem:
        raise AudiogenError(f"The folder {folder} cannot be used: {problem.strerror}.") from problem
    try:
        app = with_page(application(desk, token), desk)
        with Serving(app, "0.0.0.0" if share else "127.0.0.1", port, token) as serving:
            click.echo(serving.address)
            reporter.say(f"history in {folder}; Ctrl-C ends the studio")
            if not no_open:
                click.launch(serving.address)
            try:
                wait = threading.Event()
                while not wait.wait(_WAIT_S):
                    pass
            except KeyboardInterrupt:
                reporter.say("stopped; what was made is kept")
    finally:
        desk.close()
    return 0
