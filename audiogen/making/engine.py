"""The engine: a plan at work. Everything that audiogen makes goes through `artifacts`.

`make` and `Pipeline` call `take`; so do takes, beds, variations, changes, loops and replays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from audiogen.artifacts import Conditioning, Contour, Latents, MelSpectrogram, Picture, Structure, Waveform
from audiogen.errors import InvalidRequest
from audiogen.making import painting, pictures, retouch, revision, sound
from audiogen.making.layouts import ColourLayouts
from audiogen.making.understanding import understand
from audiogen.media.painting import WHOLE
from audiogen.provenance import recipe_of
from audiogen.registry import Loaded
from audiogen.request import AS_USUAL, Plan, Request, Retouch, Take
from audiogen.stage import (
    PLAIN,
    Begins,
    Edit,
    Editable,
    Encodes,
    Follows,
    FollowsMelody,
    GoesOn,
    Observable,
    Options,
    Progress,
    Sampling,
    TakesSettings,
    Varies,
    silent,
)

if TYPE_CHECKING:
    from audiogen.media.painting.forms import Form

VARIED = 1 / 3  # by its power a share becomes a part of the path to noise
FIELDS = {
    Structure: "structure",
    MelSpectrogram: "mel",
    Waveform: "waveform",
    Contour: "contour",
    Latents: "latents",
    Picture: "picture",
}


def make(
    request: Request | Plan,
    progress: Progress = silent,
    dtypes: dict[str, str] | None = None,
    items: Iterable[int] | None = None,
    loaded: Loaded | None = None,
) -> Iterator[Take]:
    """The takes of a request, one after the other, each with its recipe.

    Args:
        request: what to make.
        progress: called as progress(stage, step, total); False cancels.
        dtypes: stage name -> "bfloat16" or "float32", to replay another machine's arithmetic.
        items: which of its takes, counted from 0; None: all of them.
        loaded: an empty dictionary at first; calls that share it load every network once.
    Raises:
        Cancelled: `progress` said so; takes before it are complete.
    """
    plan = understand(request) if isinstance(request, Request) else request
    if loaded is not None:
        plan = plan.sharing(loaded)
    if dtypes:
        use_dtypes(plan, dtypes)
    sampling = plan.request.sampling
    for k in range(sampling.n) if items is None else items:
        made = take(plan, sampling.item(k), progress)
        yield dataclasses.replace(made, recipe=recipe_of(plan, made))


def use_dtypes(plan: Plan, dtypes: dict[str, str]) -> None:
    """Let every stage of a plan and its bed compute in the named dtype."""
    import torch

    for stage in (*plan.parts, *(() if plan.bed is None else plan.bed.parts)):
        if stage.name in dtypes and hasattr(stage, "dtype"):
            stage.dtype = getattr(torch, dtypes[stage.name])


def take(plan: Plan, sampling: Sampling, progress: Progress = silent) -> Take:
    """One take (n = 1): all that its stages made on the way, and the result finished."""
    made = _staged(plan, sampling, progress)
    if plan.kind.is_picture:
        return pictures.finished(plan, made, progress)
    if made.waveform is None:
        return made
    if plan.revision is not None:
        return revision.finished(plan, made)
    below = None
    if plan.bed is not None:
        same = Sampling(seed=sampling.seed, decoder_seed=sampling.decoder_seed, loop=sampling.loop)
        bed = _staged(plan.bed, same, lambda stage, step, total: progress(f"bed {stage}", step, total))
        below = bed.waveform
    return sound.finished(plan, made, below)


def artifacts(
    plan: Plan,
    sampling: Sampling,
    progress: Progress = silent,
    observer: Callable[[int, int, Any], None] | None = None,
    arriving: bool = False,
) -> Iterator[Any]:
    """What a plan starts from, then what each of its stages makes of it, in order.

    A structure is as a file of it holds it (.mid, .npz, .png), so that a kept one decodes to the same result.
    The last is as its stage made it; `take` finishes it.

    Args:
        arriving: a mel may be handed on while it is decoded; it is whole when the next one is yielded.
    """
    x = _begin(plan)
    yield x
    at_work = []
    for at in range(len(plan.parts)):
        at_work.append(plan.parts[at])
        followed, form = x, None
        if isinstance(x, Contour) and plan.led and _laid_in_for(plan, at):
            form = painting.form_of(plan, x, sampling)
            followed = x if form is None else Contour(form.lines)
        made = _made(plan, at, followed, sampling, progress, observer, arriving, form)
        if isinstance(made, Latents) and isinstance(x, Contour):
            ink = None if x.is_empty and form is None else x.pixels
            made = dataclasses.replace(made, ink=ink, led=plan.request.painting if form else 0)
        x = _as_kept(made, plan.conditioning)
        if plan.once and getattr(x, "until", None) is None:
            for stage in at_work:
                getattr(stage, "let_go", int)()
            at_work = []
        yield x


def _staged(plan: Plan, sampling: Sampling, progress: Progress) -> Take:
    """All stages for one take; the result is as the last one made it."""
    steps: list[Any] = []
    watch = (lambda done, total, seen: steps.append(seen)) if plan.request.show_steps else None
    made = Take(sampling.seed, plan.conditioning, sampling)
    for x in artifacts(plan, sampling, progress, watch, arriving=True):
        name = next((name for kind, name in FIELDS.items() if isinstance(x, kind)), None)
        made = dataclasses.replace(made, made=x, **({} if name is None else {name: x}))
    if made.mel is not None and made.mel.until is not None:
        made = dataclasses.replace(made, mel=dataclasses.replace(made.mel, until=None))
    return dataclasses.replace(made, steps=tuple(steps))


def _begin(plan: Plan) -> Any:
    """The artifact that the first stage takes.

    Raises:
        InvalidRequest: there is nothing of its type.
    """
    known, first = plan.drawn, plan.parts[0].takes if plan.parts else None
    if plan.start is not None:
        x: Any = _as_asked(plan.start, known)
        starts = first is not None and (issubclass(first, Conditioning) or isinstance(x, first))
        if first is None or starts:
            return x
    elif first is Structure:
        return Structure.empty(known.seconds)
    elif first is Contour:
        return Contour.empty()
    else:
        x = known
    if first is not None and not isinstance(x, first):
        raise InvalidRequest(f"The first stage takes a {first.__name__}, not a {type(x).__name__}.")
    return x


def _made(
    plan: Plan,
    at: int,
    x: Any,
    sampling: Sampling,
    progress: Progress,
    observer: Callable[[int, int, Any], None] | None,
    arriving: bool,
    form: Form | None,
) -> Any:
    """What stage number `at` makes of x, of a picture over its form."""
    stage, known = plan.parts[at], plan.drawn
    if plan.revision is not None and not plan.kind.notes:  # a piano keeps its instrument and its room
        sampling = dataclasses.replace(sampling, decoder_seed=sampling.seed_for("variation"))
    if stage.seam == "structure" and not isinstance(x, Conditioning):
        if not isinstance(stage, Varies):
            raise InvalidRequest(
                f"The stage {stage.name} does not vary what is there; leave out --variation."
            )
        return stage.vary(x, known, sampling, progress)
    shown = stage.seam == "decoder" or (plan.kind.is_picture and stage.seam == "structure")
    seen = observer if shown and isinstance(stage, Observable) else None
    besides = _besides(plan, stage, x)
    follows = any(isinstance(after, Follows) for after in plan.parts[at + 1 : at + 2])
    if arriving and isinstance(stage, Begins) and follows and not sampling.variation:
        besides["arriving"] = True
    if not isinstance(stage, Editable):
        return _call(stage, x, known, sampling, progress, Options(seen, **besides))
    edit = _edit(plan, at, x, sampling, form)
    made = _call(stage, x, known, sampling, progress, Options(seen, edit, **besides))
    if plan.revision is not None or not sampling.variation:
        return made
    if any(isinstance(each, Varies) for each in plan.parts):
        return made
    other = dataclasses.replace(sampling, decoder_seed=sampling.seed_for("variation"))
    varied = Edit(made, _anew(plan, sampling.variation), None if edit is None else edit.mask)
    return _call(stage, x, known, other, progress, Options(seen, varied, **besides))


def _besides(plan: Plan, stage: Any, x: Any) -> dict[str, Any]:
    """What a pretrained model is given beside the words, as far as this one takes it."""
    given: dict[str, Any] = {}
    if isinstance(stage, FollowsMelody):
        given["melody"] = plan.melody
    if isinstance(stage, GoesOn):
        given["opening"] = plan.opening
    if isinstance(stage, TakesSettings) and (plan.shown is not None or plan.request.settings != AS_USUAL):
        given |= {"settings": plan.request.settings, "shown": plan.shown}
    return given


def _call(
    stage: Any, x: Any, known: Conditioning, sampling: Sampling, progress: Progress, options: Options = PLAIN
) -> Any:
    return stage(x, known, sampling, progress, options) if options else stage(x, known, sampling, progress)


def _edit(plan: Plan, at: int, x: Any, sampling: Sampling, form: Form | None) -> Edit | None:
    """What stage number `at` begins with; None: with nothing."""
    if plan.revision is not None:
        return revision.edit_for(plan, plan.parts[at])
    if plan.begun is not None:
        given = plan.request.strength
        return Edit(plan.begun, retouch.STRENGTH if given is None else given)
    return _laid_in(plan, at, x, sampling, form) if plan.retouch is None else _changed(plan, at, plan.retouch)


def _laid_in(plan: Plan, at: int, x: Any, sampling: Sampling, form: Form | None) -> Edit | None:
    """The colours of a known subject, which the decoder paints over; None: it is to find them alone."""
    known, strength = plan.drawn, _laid_in_for(plan, at)
    if not (strength and isinstance(x, Contour)):
        return None
    if form is not None and plan.request.painting < WHOLE:  # it was bent to its own lines once more
        form = painting.form_of(plan, x, sampling)
    if form is not None:
        colours: Picture | None = Picture(form.pixels)
    else:
        colours = ColourLayouts.load().lay(x, known, sampling.seed_for("layout"), plan.by_rule)
    return None if colours is None else Edit(_encoded(plan, at, colours), strength)


def _laid_in_for(plan: Plan, at: int) -> float:
    """How much of the colours that are laid in stage number `at` changes; 0: none are."""
    strengths = getattr(getattr(plan.parts[at], "config", None), "layouts", {})
    after = _after(plan, at)
    ways_back = bool(after) and all(isinstance(stage, Encodes) for stage in after)
    strength: float = strengths.get(plan.drawn.style or plan.drawn.look, 0.0)
    return strength if plan.request.layout and ways_back else 0.0


def _changed(plan: Plan, at: int, touch: Retouch) -> Edit:
    """The picture that is changed, for stage number `at`."""
    begin = _encoded(plan, at, touch.picture)
    grid = begin.values if isinstance(begin, Latents) else begin.pixels
    return Edit(begin, touch.strength, retouch.coarse(touch, grid.shape[1:]))


def _after(plan: Plan, at: int) -> tuple[Any, ...]:
    """The stages after number `at`, those that the plan ends before among them."""
    return (*plan.parts[at + 1 :], *plan.beyond)


def _encoded(plan: Plan, at: int, picture: Picture) -> Any:
    """A picture brought back through the stages after number `at`."""
    begin: Any = picture
    for stage in reversed(_after(plan, at)):
        if not isinstance(stage, Encodes):
            raise InvalidRequest(
                f"The stage {stage.name} knows no way back from a picture, so none can be changed; leave out "
                "--init, or choose another."
            )
        begin = stage.encode(begin)
    return begin


def _anew(plan: Plan, share: float) -> float:
    """How far back towards noise a share of a picture is painted anew.

    Forms and colours are settled near noise: a third of the path changes almost nothing, its root does.
    """
    return share if plan.request.edits < 2 else share**VARIED


def _as_asked(x: Any, known: Conditioning) -> Any:
    return dataclasses.replace(x, asked=known) if isinstance(x, Structure | Contour) else x


def _as_kept(x: Any, known: Conditioning) -> Any:
    """A structure as its file holds it, and what it was made for; everything else as it is."""
    if isinstance(x, Structure):
        x = x.as_midi()
    elif isinstance(x, Contour):
        x = x.as_png()
    return _as_asked(x, known)
