"""From a request to a plan: everything that can be checked before a network is loaded."""

from __future__ import annotations

from audiogen.artifacts import PICTURES, Conditioning, Latents, MelSpectrogram
from audiogen.errors import InvalidRequest
from audiogen.making import pictures, sound
from audiogen.making.retouch import forms, retouched
from audiogen.making.sources import condition, load_source
from audiogen.registry import PIPELINES, check_scheduler, weights_for
from audiogen.request import Plan, Request, Start


def understand(request: Request) -> Plan:
    """Check a request as far as that is possible without loading a network.

    Raises:
        InvalidRequest: words that cannot be understood, a length out of range, an unreadable source,
            stages that do not exist, options that do not go together.
    """
    start, remarks = load_source(request.source, request.changes) if request.source else (None, ())
    known = request.conditioning or condition(request, start)
    _check_path(known.path)
    if known.is_picture:
        return _of_picture(request, known, start, remarks)
    return _of_sound(request, known, start, remarks)


def _of_sound(request: Request, known: Conditioning, start: Start | None, remarks: tuple[str, ...]) -> Plan:
    known, begun = sound.fitted(known, start, request)
    stages = _stages(request, known.path, begun)
    if "decoder" not in stages and "renderer" in stages and not isinstance(begun, MelSpectrogram):
        stages = sound.alone(stages, known)
    if request.show_steps and "decoder" not in stages:
        raise InvalidRequest("--show-steps shows a decoder at work, and here is none; leave it out.")
    more, bed = sound.extras(request, known, begun, stages)
    return Plan(request, known, begun, stages, (*remarks, *more, *known.remarks), bed)


def _of_picture(request: Request, known: Conditioning, start: Start | None, remarks: tuple[str, ...]) -> Plan:
    known, drawn = pictures.fitted(known, start, request)
    touch, fitted = retouched(request)
    drawn = forms(request, known, touch) if drawn is None else drawn
    stages = _stages(request, known.path, drawn)
    if "decoder" not in stages and not isinstance(drawn, Latents):
        stages.pop("renderer")  # the contour itself is the picture
    more = pictures.extras(request, known, drawn, stages)
    return Plan(request, known, drawn, stages, (*remarks, *more, *fitted, *known.remarks), retouch=touch)


def _stages(request: Request, path: str, start: Start | None) -> dict[str, str]:
    """The names of the stages by seam; raises InvalidRequest where one does not make this path."""
    stages = {**PIPELINES[path]}
    if request.structure is not None:
        stages["structure"] = request.structure
    if request.decoder is not None:
        stages["decoder"] = request.decoder
    if start is not None and not (request.sampling.variation and path not in PICTURES):
        stages["structure"] = "none"
    if isinstance(start, MelSpectrogram | Latents):
        stages["decoder"] = "none"
    stages = {seam: name for seam, name in stages.items() if name != "none"}
    for name in stages.values():
        weights_for(name, path)
    if "decoder" in stages:
        check_scheduler(stages["decoder"], request.sampling.scheduler)
    return stages


def _check_path(path: str) -> None:
    if path not in PIPELINES:
        raise InvalidRequest(
            f"audiogen cannot make {path} yet; it makes {', '.join(PIPELINES)}. "
            'Say so in the prompt, for example "calm piano, 15 s".'
        )
