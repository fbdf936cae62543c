"""audiogen sign: content credentials with one's own certificate."""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path

import pytest

from audiogen.origin import credentials


@pytest.fixture
def identity(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of somebody, signed by an authority of the test, and its key."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = datetime.datetime.now(datetime.timezone.utc)
    above, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    above_id = x509.SubjectKeyIdentifier.from_public_key(above.public_key())

    def certificate(called: str, key, authority: bool):
        named = [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, called)]
        by = [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Authority")]
        usage = x509.KeyUsage(not authority, False, False, False, False, authority, authority, False, False)
        made = (
            x509.CertificateBuilder(
                x509.Name(by), x509.Name(named), key.public_key(), x509.random_serial_number()
            )
            .not_valid_before(now - datetime.timedelta(1))
            .not_valid_after(now + datetime.timedelta(9))
            .add_extension(x509.BasicConstraints(authority, None), True)
            .add_extension(usage, True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        )
        if not authority:
            issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above_id)
            purpose = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION])
            made = made.add_extension(issuer, False).add_extension(purpose, False)
        return made.sign(above, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(certificate("Somebody", own, False) + certificate("Authority", above, True))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key.write_bytes(own.private_bytes(serialization.Encoding.PEM, *form))
    return chain, key


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".png"])
def test_a_signed_file_says_what_made_it_and_still_opens(tiny: Path, identity, run, suffix: str) -> None:
    c2pa = pytest.importorskip("c2pa")
    run("make", "a cartoon cat" if suffix == ".png" else "rain, 1 s", "-o", f"a{suffix}", "--seed", 1)
    chain, key = identity
    assert run("sign", f"a{suffix}", "--certificate", chain, "--key", key).code == 0
    told = json.loads(c2pa.Reader(f"a-signed{suffix}").json())
    assert told["validation_state"] == "Valid"  # of itself; nobody here trusts the authority of a test
    found = json.dumps(told["manifests"][told["active_manifest"]])
    assert "trainedAlgorithmicMedia" in found
    assert run("info", f"a-signed{suffix}").code == 0


def test_what_is_signed_names_words_and_mark() -> None:
    recipe = {"audiogen": "1.2", "prompt": "rain", "watermark": {"version": 1, "id": "3f2a9c"}}
    told = credentials.manifest(recipe | {"conditioning": {"path": "ambience"}})
    assert told["assertions"][1]["data"] == {
        "prompt": "rain",
        "watermark": {"version": 1, "id": "3f2a9c"},
        "kind": "ambience",
    }


def test_without_the_package_it_is_named(tiny: Path, run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("make", "rain, 1 s", "-o", "a.wav", "--seed", 1)
    monkeypatch.setitem(sys.modules, "c2pa", None)
    ran = run("sign", "a.wav", "--certificate", "c.pem", "--key", "k.pem")
    assert ran.code == 5
    assert "audiogen[credentials]" in ran.err


def test_what_cannot_be_signed(tiny: Path, run) -> None:
    import numpy as np
    import soundfile

    soundfile.write("theirs.wav", np.zeros((100, 2)), 44_100)
    run("make", "rain, 1 s", "-o", "a.wav", "--seed", 1)
    run("make", "rain, 1 s", "-o", "a.ogg", "--seed", 1)
    pem = ("--certificate", "c.pem", "--key", "k.pem")
    for arguments, code, said in (
        (("theirs.wav",), 2, "no recipe"),
        (("a.ogg",), 2, "cannot hold"),
        (("a.wav", "-o", "b.flac"), 2, "another format"),
        (("a.wav", "-o", "a.wav"), 3, "exists"),
    ):
        ran = run("sign", *arguments, *pem)
        assert (ran.code, said in ran.err) == (code, True), ran.err
