"""RESULTS.json -> RESULTS.md: the page is written by this file and never by hand."""

from __future__ import annotations

from typing import Any

BUDGET = {"chain": (1.5, 4.0), "cold_s": 3.5, "peak_mb": 500.0, "picture_s": 5.0}


def page(results: dict[str, Any]) -> str:
    """The whole page, Markdown."""
    parts = [_head(results), _ratios(results), _peaks(results), _stages(results), _pictures(results)]
    parts += [_process(results), _scaling(results), _limits(results), _workers(results), _musicgen(results)]
    parts.append(pretrained(results.get("pretrained", [])))
    return "\n\n".join(part for part in parts if part) + "\n"


def table(names: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def _head(results: dict[str, Any]) -> str:
    m = results["machine"]
    flags = ", ".join(m["flags"]) or "none of AVX2, AVX-512, AMX"
    return (
        "# Benchmarks\n\n"
        "Written by `make bench`; never edited by hand.\n\n"
        f"{m['cpu']}, {m['cores']} cores ({flags}), {results['threads']} threads; Python {m['python']}, "
        f"torch {m['torch']}, audiogen {m['audiogen']}, {m['date']}. "
        f"Load of the machine in the minute before: {m['load_1min']:.2f}."
    )


def _ratios(results: dict[str, Any]) -> str:
    """What holds on other machines too, as far as anything does."""
    chain, seconds = results["stages"]["chain_s"], results["stages"]["seconds"]
    rows = [["real-time factor of the piano, warm", f"{chain / seconds:.3f}"]]
    rows += [
        [f"times as fast as MusicGen-small in {row['dtype']}", f"{row['scaled_s'] / chain:.0f}"]
        for row in results.get("musicgen") or []
    ]
    commands = {row["command"]: row["median_s"] for row in results["process"]["rows"]}
    if "audiogen make -n 4" in commands:
        times = commands["audiogen make -n 4"] / commands["audiogen make"]
        rows.append(["four takes in a fresh process, by the time of one", f"{times:.2f}"])
    rows += [
        [f"{row['what']}, by {row['limit']}", f"{row['seconds'] / row['limit_s']:.1f}"]
        for row in results.get("limits", [])
    ]
    if workers := results.get("workers"):
        for row in workers[:-1]:
            name = f"{workers[-1]['workers']} workers, by the throughput of one on {row['threads']} threads"
            rows.append(
                [name.replace("on 1 threads", "on one thread"), f"{workers[-1]['rate'] / row['rate']:.2f}"]
            )
    for what, own in _by_what(results).items():
        if len(own) > 1:
            (few, many) = own[0], own[-1]
            each = (many["seconds"] - few["seconds"]) / (many["sound_s"] - few["sound_s"])
            rows.append([f"a further second of {what}, s", f"{each:.3f}"])
    return "## Ratios\n\n" + table(["what", "ratio"], rows)


def _peaks(results: dict[str, Any]) -> str:
    rows = [[p["dtype"], str(p["threads"]), f"{p['gflops']:.0f}"] for p in results["peaks"]]
    return "## Matrix peak of this machine\n\n" + table(["dtype", "threads", "GFLOP/s"], rows)


def _stages(results: dict[str, Any]) -> str:
    stages = results["stages"]
    notes = next(r["notes"] for r in stages["rows"] if "notes" in r)
    chain, seconds = stages["chain_s"], stages["seconds"]
    with_amx, without = BUDGET["chain"]  # type: ignore[misc]
    budget = with_amx if "amx_bf16" in results["machine"]["flags"] else without
    return (
        f"## Stages, warm\n\n{seconds:.0f} s of stereo piano at {stages['density']:.0f} notes/s asked "
        f"({notes} notes written); median of {stages['rows'][0]['runs']} runs after a warm-up. "
        "Of the peak: floating-point operations of products, convolutions and attention, by time, by "
        "the matrix peak above; Fourier transforms and norms, most of the vocoder's time, count as none.\n\n"
        + _timed(stages["rows"])
        + f"\n\nPrompt to samples: **{chain:.2f} s** for {seconds:.0f} s of sound, real-time factor "
        f"{chain / seconds:.3f} (budget {budget:g} s)."
    )


def _limits(results: dict[str, Any]) -> str:
    rows = results.get("limits", [])
    cells = [
        [
            r["what"],
            f"{1000 * r['seconds']:.2f}",
            r["limit"],
            f"{r['seconds'] / r['limit_s']:.1f}",
            f"{1000 * r['before']:.2f}" if "before" in r else "",
        ]
        for r in rows
    ]
    words = "Least of several runs, taken by turns with the limit."
    head = ["what", "ms", "limit", "times the limit", "ms by torch's operators"]
    return f"## How near to the limit\n\n{words}\n\n{table(head, cells)}" if rows else ""


def _workers(results: dict[str, Any]) -> str:
    rows = results.get("workers", [])
    if not rows:
        return ""
    cells = [
        [
            str(r["workers"]),
            str(r["threads"]),
            str(r["jobs"]),
            f"{r['rate']:.2f}",
            f"{r['rate'] / rows[0]['rate']:.2f}",
        ]
        for r in rows
    ]
    head = ["workers", "threads in all", "jobs", "jobs a second", "times the throughput of the first"]
    words = "Clips of 5 s of piano; start, loading and the first job of each worker are left out."
    return f"## Many jobs\n\n{words}\n\n{table(head, cells)}"


def _by_what(results: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    rows = results.get("scaling", [])
    return {what: [r for r in rows if r["what"] == what] for what in dict.fromkeys(r["what"] for r in rows)}


def _scaling(results: dict[str, Any]) -> str:
    if not results.get("scaling"):
        return ""
    cells = [
        [
            what,
            f"{r['sound_s']:.0f}",
            f"{r['seconds']:.1f}",
            f"{r['seconds'] / r['sound_s']:.3f}",
            f"{r['peak_mb']:.0f}",
        ]
        for what, own in _by_what(results).items()
        for r in own
    ]
    head = ["what", "s of sound", "s", "s by s of sound", "peak MB"]
    words = "A fresh process for each; MIDI is decoded, the others are made from a sentence."
    return f"## By length\n\n{words}\n\n{table(head, cells)}\n\n![time and memory by length](scaling.png)"


def _timed(rows: list[dict[str, Any]]) -> str:
    """The table of stages that were timed."""
    cells = []
    for row in rows:
        if "missing" in row:
            cells.append([row["stage"], "weights missing", "", "", "", ""])
            continue
        cells.append(
            [
                row["stage"],
                f"{row['median_s']:.3f}",
                f"{row['least_s']:.3f}",
                f"{row['flop'] / 1e9:.0f}" if "flop" in row else "",
                row.get("dtype", ""),
                f"{row['efficiency']:.0%}" if "efficiency" in row else "",
            ]
        )
    return table(["stage", "median s", "least s", "GFLOP", "dtype", "of the peak"], cells)


def _pictures(results: dict[str, Any]) -> str:
    if not results.get("pictures"):
        return ""
    found, sound = results["pictures"], results["stages"]["chain_s"]
    return (
        "## Pictures, warm\n\n512x512 from a sentence; default steps, schedulers and guidance.\n\n"
        + _timed(found["rows"])
        + f"\n\nPrompt to pixels: a painted digit in **{found['digit_s']:.2f} s** "
        f"({found['digit_s'] / sound:.2f} of the time of the piano piece above), a cat in "
        f"**{found['cat_s']:.2f} s** ({found['cat_s'] / sound:.2f}), painted in watercolour in "
        f"**{found['painted_s']:.2f} s** ({found['painted_s'] / sound:.2f}); "
        f"budget {BUDGET['picture_s']:g} s."
    )


def _process(results: dict[str, Any]) -> str:
    rows = [
        [
            r["command"],
            f"{r['median_s']:.2f}",
            f"{r['first_s']:.2f}",
            "" if r.get("heard_s") is None else f"{r['heard_s']:.2f}",
            f"{r['peak_mb']:.0f}",
        ]
        for r in results["process"]["rows"]
    ]
    return (
        "## A fresh process\n\nThe whole command as a child process, from start to exit, files in the "
        f"system's cache; budget {BUDGET['cold_s']:g} s and {BUDGET['peak_mb']:.0f} MB.\n\n"
        + table(["command", "median s", "first s", "first word on stderr, s", "peak MB"], rows)
    )


def _musicgen(results: dict[str, Any]) -> str:
    if not results.get("musicgen"):
        return ""
    ours = results["stages"]["chain_s"]
    rows = [
        [
            r["dtype"],
            str(r["steps"]),
            f"{r['step_s'] * 1000:.0f}",
            f"{r['encodec_s']:.1f}",
            f"{r['scaled_s']:.1f}",
            f"{r['scaled_s'] / ours:.0f}",
        ]
        for r in results["musicgen"]
    ]
    millions = results["musicgen"][0]["parameters"] / 1e6
    return (
        "## Beside MusicGen-small, speed only\n\n"
        f"The real-size architecture of transformers ({millions:.0f}M parameters, EnCodec and T5 "
        "included) with random weights on the same threads, guidance 3, KV cache on; the steps were "
        "run and then scaled to 15 s of mono sound at 32 kHz. It says nothing about how either sounds.\n\n"
        + table(["dtype", "steps run", "ms a step", "EnCodec s", "15 s takes, s", "times ours"], rows)
    )


def pretrained(rows: list[dict[str, Any]]) -> str:
    """The section of the switches of pretrained models; empty without rows."""
    if not rows:
        return ""
    cells = []
    for row in rows:
        if "missing" in row:
            cells.append([row["part"], row["switch"], row["missing"], "", "", "", "", ""])
            continue
        wait = f"{row['compile_s']:.0f}" if row["switch"] == "compile" else ""
        memory = [f"{row['weights_mb']:.0f}", f"{row['peak_mb'] - row['weights_mb']:.0f}"]
        times = [f"{row['seconds']:.1f}", f"{row['cpu_s']:.1f}", wait]
        cells.append([row["part"], row["switch"], *times, *memory, f"{row['distance']:.2%}"])
    names = ["part", "switch", "s", "processor s", "compiling", "MB before", "MB on top", "off float32 by"]
    return (
        "## Switches of pretrained models\n\nTrue architectures, random weights, a process each. MB before: "
        "the process with the weights, of which Python and torch are about 500; on top: the peak while it "
        "works. Compiling: processor s of the first call. The distance is the norm of the difference by that "
        "of the float32 result.\n\n" + table(names, cells)
    )
