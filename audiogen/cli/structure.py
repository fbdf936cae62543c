"""audiogen structure: stop after the first stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from audiogen.cli import options

if TYPE_CHECKING:
    from audiogen.request import Plan, Take


@click.command("structure")
@click.argument("prompt")
@options.output(
    ".mid (notes), .npz (anything of sound) or .png (contour). Default: named after prompt and seed."
)
@click.option("--path", metavar="NAME", help="piano, ambience or digit; default: by the words.")
@click.option(
    "--seconds", type=float, help="Length, 1 to 60, ambience 1 to 300; default: as the prompt says, else 15."
)
@click.option("--structure", metavar="score|mel|pixelcnn|...|FILE", help="Which stage, or what to vary.")
@options.structure_sampling
@options.variation
@options.loop
@click.option(
    "--quantize", is_flag=True, help="Notes exactly on the grid, 24 to the quarter; else as played."
)
@options.contact_sheet
@options.show_steps
@options.as_json
@options.talk
@click.pass_obj
def command(state: Any, prompt: str, structure: str | None, **given: Any) -> None:
    """Write the notes (.mid), the coarse mel (.npz) or the contour (.png) of a prompt, to edit and `decode`.

    \b
    audiogen structure "a slow waltz in D minor" -o waltz.mid
    audiogen decode waltz.mid -o waltz.wav
    audiogen structure "march, 120 bpm" --quantize -o march.mid
    audiogen structure "" --structure waltz.mid --variation 0.3 -n 4 -o varied.mid
    audiogen structure "digit 7" -o c.png
    """
    from audiogen import making
    from audiogen.cli import contact, names, output
    from audiogen.cli.job import Job
    from audiogen.cli.progress import Reporter
    from audiogen.cli.work import LOADING, remark
    from audiogen.errors import InvalidRequest
    from audiogen.kinds import kind_for_suffix

    suffix = names.suffix_of(given["output"] or "")
    stage, source = options.stage_or_file(structure)
    options.check_variation(given, source)
    if source is not None and not given["variation"]:
        raise InvalidRequest(
            f"{source} is a structure already; --variation F changes some of it, `audiogen decode` plays it."
        )
    request = making.Request(
        prompt=prompt,
        path=given["path"],
        seconds=given["seconds"],
        structure=stage,
        source=source,
        sampling=options.sampling_from(given),
        default_path=kind_for_suffix(suffix),
        show_steps=given["show_steps"],
    )
    whole = making.understand(request)
    drawn = whole.conditioning.is_picture
    if drawn and "structure" not in whole.stages:
        raise InvalidRequest(
            "Without a structure stage there is no contour to write; leave out --structure none."
        )
    plan = whole.until("structure")
    default = ".png" if drawn else ".mid" if plan.stages["structure"] == "score" else ".npz"
    named = given["output"] is not None and not names.is_folder(given["output"])
    wanted = suffix if named else default
    (_check_drawing if drawn else _check_sound)(plan, wanted or given["output"], given)
    sampling = request.sampling
    facts = names.facts_of(prompt if source is None else source.stem, sampling, plan.conditioning)
    rules = output.Rules(given["force"], mkdir=given["mkdir"])
    places = output.targets(given["output"], facts, default, rules, output.Beside(steps=given["show_steps"]))
    job = Job.of(request, prompt, given)
    sheet = contact.Contact(contact.place(job, plan.conditioning, places), len(places))
    with Reporter(state.quiet) as reporter:
        remark(plan, reporter)
        reporter.begin(LOADING)
        with reporter.interrupt.held():
            plan.load()
        for place, take in zip(places, making.make(plan, reporter), strict=True):
            assert place.file is not None
            contents = {place.file: _bytes(take, wanted, given["quantize"])}
            if place.strip is not None:
                contents[place.strip] = output.draw_steps(take)
            output.write_files(contents, rules)
            sheet.add(take)
            reporter.clear()
            if given["json_"]:
                row: dict[str, Any] = {"file": str(place.file), "seed": take.seed}
                if take.sampling.variation:
                    row["variation_seed"] = take.sampling.variation_seed
                output.print_json(row | {"recipe": take.recipe})
            else:
                for file in contents:
                    click.echo(str(file))
        sheet.write(job, reporter)


def _bytes(take: Take, suffix: str, quantize: bool) -> bytes:
    """The file of a structure."""
    if take.contour is not None:
        return take.contour.png_bytes(take.recipe)
    assert take.structure is not None
    made = take.structure.quantized() if quantize else take.structure
    return made.npz_bytes() if suffix == ".npz" else made.midi_bytes()


def _check_sound(plan: Plan, wanted: str, given: dict[str, Any]) -> None:
    """Raise InvalidRequest where the stage does not write such a file, or nothing gives a grid."""
    from audiogen.errors import InvalidRequest
    from audiogen.making import SOUND_SUFFIXES

    if wanted not in SOUND_SUFFIXES:
        raise InvalidRequest(f"Cannot write a structure as {wanted!r}; use {', '.join(SOUND_SUFFIXES)}.")
    writer = plan.stages["structure"]
    if wanted != ".npz" and writer != "score":
        raise InvalidRequest(f"The stage {writer} writes no notes; use .npz, or --structure score for MIDI.")
    if given["show_steps"] or given["contact_sheet"] is not None:
        raise InvalidRequest(
            "--show-steps and --contact-sheet show contours, and this is sound; leave them out."
        )
    if given["quantize"] and writer == "score" and plan.start is None:
        asked = plan.conditioning
        if not (asked.tempo or asked.metre):
            raise InvalidRequest("--quantize needs a grid: ask for a tempo or a metre, for example 90 bpm.")


def _check_drawing(plan: Plan, wanted: str, given: dict[str, Any]) -> None:
    """Raise InvalidRequest where something is given that a contour does not have."""
    from audiogen.errors import InvalidRequest

    if wanted != ".png":
        raise InvalidRequest(f"Cannot write a contour as {wanted!r}; use .png.")
    for name in ("quantize", "variation"):
        if given[name]:
            raise InvalidRequest(f"--{name} changes notes, and a contour has none; leave it out.")
