"""audiogen structure: stop after the first stage."""

from __future__ import annotations

from typing import Any

import click

from audiogen.cli import options


@click.command("structure")
@click.argument("prompt")
@options.output(".mid (notes) or .npz (anything). Default: named after prompt and seed.")
@click.option("--path", metavar="NAME", help="piano or ambience; default: by the words.")
@click.option(
    "--seconds", type=float, help="Length, 1 to 60, ambience 1 to 300; default: as the prompt says, else 15."
)
@click.option("--structure", metavar="score|mel|FILE", help="Which stage, or what to vary.")
@options.structure_sampling
@options.variation
@options.loop
@click.option(
    "--quantize", is_flag=True, help="Notes exactly on the grid, 24 to the quarter; else as played."
)
@options.as_json
@options.talk
@click.pass_obj
def command(state: Any, prompt: str, structure: str | None, **given: Any) -> None:
    """Write the notes (.mid) or the coarse mel (.npz) of a prompt, to edit and hand back to `decode`.

    \b
    audiogen structure "a slow waltz in D minor" -o waltz.mid
    audiogen decode waltz.mid -o waltz.wav
    audiogen structure "march, 120 bpm" --quantize -o march.mid
    audiogen structure "" --structure waltz.mid --variation 0.3 -n 4 -o varied.mid
    """
    from audiogen import making
    from audiogen.cli import names, output
    from audiogen.cli.progress import Reporter
    from audiogen.cli.work import LOADING, remark
    from audiogen.errors import InvalidRequest
    from audiogen.registry import SUFFIX_PATHS

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
        default_path=SUFFIX_PATHS.get(suffix),
    )
    plan = making.understand(request).until("structure")
    default = ".mid" if plan.stages["structure"] == "score" else ".npz"
    named = given["output"] is not None and not names.is_folder(given["output"])
    wanted = suffix if named else default
    if wanted not in making.STRUCTURE_SUFFIXES:
        known = ", ".join(making.STRUCTURE_SUFFIXES)
        raise InvalidRequest(f"Cannot write a structure as {wanted or given['output']!r}; use {known}.")
    writer = plan.stages["structure"]
    if wanted != ".npz" and writer != "score":
        raise InvalidRequest(f"The stage {writer} writes no notes; use .npz, or --structure score for MIDI.")
    if given["quantize"] and writer == "score" and source is None:
        asked = plan.conditioning
        if not (asked.tempo or asked.metre):
            raise InvalidRequest("--quantize needs a grid: ask for a tempo or a metre, for example 90 bpm.")
    sampling = request.sampling
    facts = names.facts_of(prompt if source is None else source.stem, sampling, plan.conditioning)
    rules = output.Rules(given["force"], mkdir=given["mkdir"])
    places = output.targets(given["output"], facts, default, rules)
    with Reporter(state.quiet) as reporter:
        remark(plan, reporter)
        reporter.begin(LOADING)
        with reporter.interrupt.held():
            plan.load()
        for place, take in zip(places, making.make(plan, reporter), strict=True):
            assert place.file is not None and take.structure is not None
            made = take.structure.quantized() if given["quantize"] else take.structure
            npz = place.file.suffix.lower() == ".npz"
            data = made.npz_bytes() if npz else made.midi_bytes()
            output.write_files({place.file: data}, rules)
            reporter.clear()
            if given["json_"]:
                row: dict[str, Any] = {"file": str(place.file), "seed": take.seed}
                if take.sampling.variation:
                    row["variation_seed"] = take.sampling.variation_seed
                output.print_json(row | {"recipe": take.recipe})
            else:
                click.echo(str(place.file))
