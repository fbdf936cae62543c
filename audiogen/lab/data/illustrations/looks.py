"""Upstream sets grouped into the looks of `audiogen.artifacts.LOOKS`: what a person would call them."""

from __future__ import annotations

# Sets in no group are left out: their manner has too few pictures to be learned (blue duotone, freehand).
LOOK_OF = {
    "fluent-flat": "flat",
    "twemoji": "flat",
    "emojitwo": "flat",
    "emojione2": "flat",
    "fxemoji": "flat",
    "streamline-kameleon-color": "flat",
    "fluent-3d": "3d",
    "fluent-color": "3d",
    "noto": "shaded",
    "blobmoji": "blob",
    "fluent-hc": "outline",
    "emojitwo-bw": "outline",
    "lucide": "outline",
    "lucide-lab": "outline",
    "tabler": "outline",
    "hugeicons": "outline",
    "iconoir": "outline",
    "streamline": "outline",
    "streamline-ultimate": "outline",
    "streamline-plump": "outline",
    "game-icons": "solid",
    "pinhead": "solid",
    "mdi": "solid",
    "healthicons": "solid",
    "mingcute": "solid",
    "fa7-solid": "solid",
    "emojione-monotone": "solid",
    "roentgen": "solid",
    "temaki": "solid",
    "dinkie-icons": "pixel",
    "streamline-pixel": "pixel",
    "pixelarticons": "pixel",
}
COLOURED = ("flat", "3d", "shaded", "blob")  # looks whose pictures have a colour worth a word
