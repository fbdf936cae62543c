"""audiogen evaluate sound A/ B/ and audiogen evaluate pictures A/ B/."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.distances import KERNEL
from audiogen.lab.evaluate.errors_as_lines import errors_as_lines
from audiogen.lab.evaluate.folders import page, pictures, sounds
from audiogen.lab.evaluate.folders.cache import FOLDER, Cache, Record, measured
from audiogen.lab.evaluate.folders.sets import KID, LEAST, Embedding, Reference, conclusion, dealt, halves
from audiogen.lab.evaluate.kernel import off_diagonal
from audiogen.lab.evaluate.scores import Score, drawn_score, draws_of
from audiogen.media.files import by_number, check_target, write_atomic
from audiogen.ranking.evidence import Ear

REPORT, FIGURES = "report.html", "figures.json"


@errors_as_lines
def main(arguments: list[str] | None = None, what: str = "sound") -> int:
    parser = _parser(what)
    given = parser.parse_args(arguments)
    result = evaluate(what, given)
    print(page.table(result))
    for words in result["left_out"]:
        print(f"left out: {words}", file=sys.stderr)
    if given.out is not None:
        plain = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
        write_atomic(given.out / FIGURES, plain.encode(), force=True)
        write_atomic(given.out / REPORT, page.html(result, given.out.resolve()), force=True)
        print(given.out / REPORT, file=sys.stderr)
    return 0


def of_pictures(arguments: list[str] | None = None) -> int:
    """`main` for pictures."""
    return main(arguments, "pictures")


def _parser(what: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"audiogen evaluate {what}",
        description="Two folders held against each other: A what was made, B what is real. One half of B is "
        "the reference, the other shows what real against real is worth, and damaged, what a difference "
        "is. Sets have one size. An interrupted run with --out goes on.",
    )
    parser.add_argument("a", type=Path, metavar="A", help="folder of what is judged")
    parser.add_argument("b", type=Path, metavar="B", help="folder of real ones, at least twice as many")
    names = ("ours", "yamnet", "clap") if what == "sound" else ("ours", "clip", "features")
    parser.add_argument("--embedding", choices=names, default="ours")
    parser.add_argument("--out", type=Path, help="folder for report.html and figures.json")
    parser.add_argument("--force", action="store_true", help="replace a report that is there")
    parser.add_argument("-n", type=int, help="files of a set at most; default: as many as there are")
    if what == "sound":
        parser.add_argument(
            "--notes", action="store_true", help="piano: notes, key, tempo, F1 against NAME.mid"
        )
        parser.add_argument(
            "--transcriber",
            choices=("ours", "transkun"),
            default="ours",
            help="of --notes",
        )
        parser.add_argument("--yamnet", type=Path, metavar="FOLDER", help="recogniser scores by YAMNet")
        parser.add_argument("--texture", action="store_true", help="rain, surf, fire: how envelopes move")
        parser.add_argument("--clap", metavar="FOLDER|ID", help="CLAP score, and for --embedding clap")
    else:
        parser.epilog = "Decoders are measured on data by --data: audiogen evaluate pictures --data --help"
        parser.add_argument(
            "--digits", action="store_true", help="digits: read, asked for, and the IS of the reader"
        )
        parser.add_argument("--clip", metavar="FOLDER|ID", help="CLIP score, and for --embedding clip")
        parser.add_argument("--features", metavar="FOLDER|ID", help="an encoder, for --embedding features")
    return parser


def evaluate(what: str, given: argparse.Namespace) -> dict[str, Any]:
    """Everything, as plain values; see `page`.

    Raises:
        InvalidRequest: missing folders, nothing in them, or options that do not fit.
        WouldOverwrite: there is a report.
    """
    kind: Any = sounds if what == "sound" else pictures
    files = [_files(folder, kind.SUFFIXES, what) for folder in (given.a, given.b)]
    if given.n is not None and given.n < LEAST:
        raise InvalidRequest(f"-n must be at least {LEAST}, not {given.n}.")
    if given.out is not None:
        try:
            (given.out / FOLDER).mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise InvalidRequest(f"Cannot make the folder {given.out}: {problem.strerror}.") from problem
        check_target(given.out / REPORT, given.force)
    embedding, judges, label = _judges(what, given)
    cache = Cache(given.out, f"{what} {label}")

    def measure(file: Path) -> Record:
        seen = kind.read(file)
        return {"rows": embedding.describe(seen), "facts": kind.facts_of(seen, file, *judges)}

    (a, of_a, out_a), (b, of_b, out_b) = (
        measured(own, cache, measure, name) for own, name in zip(files, "AB", strict=True)
    )
    result: dict[str, Any] = {
        "what": what,
        "a": str(given.a),
        "b": str(given.b),
        "embedding": label,
        "sets": [],
        "left_out": out_a + out_b,
        "files_a": _rows(given.a, a, of_a),
        "files_b": _rows(given.b, b, of_b),
    }
    count = halves(len(a), len(b))
    count = count if given.n is None else min(count, given.n)
    result["count"] = count
    if count < LEAST:
        result["conclusions"] = [
            f"Too few files for distances: {len(a)} in A and {len(b)} in B; {LEAST} and {2 * LEAST} "
            "are the least. What is measured of single files stands; of the folders nothing can be concluded."
        ]
        return result
    sets, paired = _sets(
        kind,
        embedding,
        (of_a, of_b),
        b,
        [[row["name"] for row in result["files_" + side]] for side in "ab"],
        count,
    )
    reference = Reference.of(
        sets.pop("reference"), sets["B, other half"], embedding.sizes, kid=what == "pictures"
    )
    scores = {name: reference.scores(rows) for name, rows in sets.items()}
    result["sets"] = [{"name": name, "scores": _plain(each)} for name, each in scores.items()]
    first, told = (KID.name, "KID") if what == "pictures" else (KERNEL.name, KERNEL.title)
    result["conclusions"] = conclusion(scores["A"][first], scores["B, other half"][first], count, told)
    real = {record["rows"].tobytes() for record in of_b}
    if copies := sum(record["rows"].tobytes() in real for record in of_a):
        result["conclusions"].append(f"{copies} files of A are in B as well.")
    if paired:
        own, other = (reference.space(sets[name]) for name in ("A", "B, other half"))
        moved = np.mean([np.linalg.norm(x.mean(0) - y.mean(0)) for x, y in zip(own, other, strict=True)])
        result["conclusions"].append(
            'A and "B, other half" are files of the same names. A file of A lies '
            f"{moved / _apart(other).value:.3f} times as far from its own of B as two of B lie apart."
        )
    if what == "pictures":
        result["conclusions"] += _more(reference, sets, result)
    return result


def _rows(folder: Path, files: Sequence[Path], records: Sequence[Record]) -> list[dict[str, Any]]:
    """What a report says of every file; its name is that in the folder, without the ending."""
    names = (file.relative_to(folder).with_suffix("").as_posix() for file in files)
    return [
        {"name": name, "file": str(file.resolve()), "facts": record["facts"]}
        for name, file, record in zip(names, files, records, strict=True)
    ]


def _judges(what: str, given: argparse.Namespace) -> tuple[Embedding, tuple[Any, ...], str]:
    """The embedding, what else judges files, and a name for all that was chosen."""
    if what == "sound":
        net = None
        if given.yamnet is not None:
            from audiogen.lab.evaluate.yamnet import Yamnet

            net = Yamnet(given.yamnet)
        ear = _ear(given.transcriber) if given.notes else None
        clap = None
        if given.clap is not None:
            from audiogen.hub.judges import Clap

            clap = Clap(given.clap)
        embedding = sounds.embedding(given.embedding, given.yamnet, clap)
        notes = f", notes by {given.transcriber}" * given.notes
        heard = f"{', yamnet' * (net is not None)}{', texture' * given.texture}"
        return embedding, (ear, net, clap, given.texture), f"{embedding.name}{notes}{heard}{_named(clap)}"
    reader = clip = None
    if given.digits:
        from audiogen.lab.evaluate.digits.judge import DigitClassifier

        reader = DigitClassifier.from_pretrained("digit-classifier")
    if given.clip is not None:
        from audiogen.hub.judges import Clip

        clip = Clip(given.clip)
    features = None
    if given.features is not None:
        from audiogen.hub.judges import Features

        features = Features(given.features)
    embedding = pictures.embedding(given.embedding, features, clip)
    chosen = f"{embedding.name}{', digits' * given.digits}{_named(clip)}{_named(features)}"
    return embedding, (reader, clip), chosen


def _ear(transcriber: str) -> Ear | None:
    """What hears notes: our transcriber, or Transkun where it is installed."""
    if transcriber == "ours":
        from audiogen.ranking.judge import shipped_ear

        return shipped_ear()
    from audiogen.lab.evaluate.transkun import transkun

    return transkun()


def _named(network: Any) -> str:
    """A network of the user's in the name of what was chosen, so that each has a cache of its own."""
    return "" if network is None else f", {network.source} {network.sha256[:8]}"


def _sets(
    kind: Any,
    embedding: Embedding,
    records: Sequence[list[Record]],
    real: Sequence[Path],
    names: Sequence[Sequence[str]],
    count: int,
) -> tuple[dict[str, list[np.ndarray]], bool]:
    """Rows of the reference, of A, of the other half of B, and of that damaged; whether those of A and of the
    other half bear the same names."""
    of_a, of_b = records
    reference, chosen, other = dealt(names[0], names[1], count)
    sets = {
        "reference": [of_b[k]["rows"] for k in reference],
        "A": [of_a[k]["rows"] for k in chosen],
        "B, other half": [of_b[k]["rows"] for k in other],
    }
    seen = [kind.read(real[k]) for k in other]
    for damages in kind.ANCHORS.values():
        for name, damage in damages.items():
            print(f"{name} ...", file=sys.stderr, flush=True)
            sets[name] = [embedding.describe(damage(x, np.random.default_rng(k))) for k, x in enumerate(seen)]
    return sets, [names[0][k] for k in chosen] == [names[1][k] for k in other]


def _more(reference: Reference, sets: dict[str, list[np.ndarray]], result: dict[str, Any]) -> list[str]:
    """Diversity, and the inception scores of the reader of digits, as sentences."""
    of_a, of_b = (_apart(reference.space(sets[name])) for name in ("A", "B, other half"))
    share = Score(of_a.value / of_b.value, of_a.draws / of_b.draws)
    said = [f"Diversity: two pictures of A lie {share} times as far apart as two of B."]
    rows = (result["files_" + side] for side in "ab")
    odds = [[row["facts"]["odds"] for row in own if "odds" in row["facts"]] for own in rows]
    if all(odds):  # of as many, for the score rises with their number
        some = (np.random.default_rng(0).permutation(own)[: result["count"]] for own in odds)
        told = "{:.2f} of A, {:.2f} of B".format(*map(pictures.inception_score, some))
        said.append(f"Inception score by the reader of digits, at most 10: {told}.")
    return said


def _apart(rows: list[np.ndarray]) -> Score:
    """Mean distance between two different items."""
    every = np.stack([row.mean(0) for row in rows])
    away = np.linalg.norm(every[:, None] - every[None], axis=2)

    def mean(drawn: np.ndarray | None) -> float:
        return (
            off_diagonal(away, np.ones(len(away)) if drawn is None else drawn.astype(float)) + 1e-12
        )  # a ratio of nothing is none

    return drawn_score(mean, draws_of(len(rows)), least=0)


def _plain(scores: dict[str, Score]) -> dict[str, dict[str, float]]:
    return {
        name: {"value": score.value, "low": score.interval[0], "high": score.interval[1]}
        for name, score in scores.items()
    }


def _files(folder: Path, suffixes: Sequence[str], what: str) -> list[Path]:
    if not folder.is_dir():
        raise InvalidRequest(
            f"{folder} is no folder; give two folders of {'sounds' if what == 'sound' else what}."
        )
    found = sorted(
        (
            file
            for file in folder.rglob("*")
            if file.suffix.lower() in suffixes
            and not file.name.endswith(pictures.CONTOUR)
            and not file.is_dir()
        ),
        key=by_number,
    )
    if not found:
        raise InvalidRequest(f"{folder} holds no {what}; known are {', '.join(suffixes)}.")
    return found
