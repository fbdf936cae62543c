"""Reading prepared shards for the tasks; the reader itself is in the data room, where `evaluate` finds it."""

from __future__ import annotations

from audiogen.lab.data.shards import read_shards

__all__ = ["read_shards"]
