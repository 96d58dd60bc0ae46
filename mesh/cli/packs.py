"""`pitboss pack`: law packs on their way into force."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.cli.output import Json, console, write_json, write_table

app = typer.Typer(no_args_is_help=True, help="Law packs of the mesh that is up: from a file into force, and back.")

File = Annotated[Path, typer.Argument(help="A pack, as compliance_svc/packs has them.")]
Digest = Annotated[str, typer.Argument(help="The pack, by its digest or the beginning of it.")]
Licensee = Annotated[str, typer.Option(help="Whose own stricter rules they are; without it the rules of a market.")]
KeyFile = Annotated[Path, typer.Option("--key", help="The signer's key file.")]
Keys = Annotated[list[Path], typer.Option("--key", help="A signer's key file; once for each of the two people.")]
Days = Annotated[float, typer.Option(help="How many days back.")]
Off = Annotated[bool, typer.Option("--off", help="No longer.")]
Named = Annotated[str, typer.Argument(help="A file, a digest, or name and version such as gb@1.")]


@app.command()
def key(
    *,
    role: Annotated[str, typer.Option(help="compliance or legal.")],
    person: Annotated[str, typer.Option(help="Whose key it is, as it stands in the register.")],
    name: Annotated[str, typer.Option(help="Id of the key.")],
    to: Annotated[Path, typer.Option(help="Where the secret half goes; nobody but its owner reads it.")],
    json: Json = False,
) -> None:
    """Make a key for somebody who signs packs, and print its entry for the register of keys."""
    from mesh.cli import releasing  # noqa: PLC0415 - cryptography takes long to import

    entry = releasing.new_key(role=role, person=person, name=name, to=to)
    if json:
        write_json(entry)
    else:
        console.print_json(data=entry)


@app.command()
def validate(file: File, *, licensee: Licensee = "", json: Json = False) -> None:
    """Say whether a file is a pack that could stand beside the law that holds. Exit code 1 if not."""
    from mesh.cli import releasing  # noqa: PLC0415 - imports the contracts, which takes long

    found = releasing.validate(licensee, releasing.text_of(file))
    if json:
        write_json(found)
    elif found["valid"]:
        pack = found["pack"]
        console.print(f"valid: {pack['name']}@{pack['version']} {pack['digest']}")
        for rule in pack.get("inferred_rules", []):
            console.print(f"inferred, legal signs by name: {rule}", markup=False)
    else:
        console.print(f"{found['refusal']}: {found['detail']}", markup=False, soft_wrap=True)
    raise typer.Exit(0 if found["valid"] else 1)


@app.command()
def diff(base: Named, other: Named, *, json: Json = False) -> None:
    """List the rules in which two packs differ, and which of the two is stricter in each."""
    from mesh.cli import releasing  # noqa: PLC0415 - as above

    found = releasing.diff(base, other)
    if json:
        write_json(found)
        return
    rows = [
        (each["rule"], each["strictness"], each.get("before_json", ""), each.get("after_json", "")) for each in found
    ]
    write_table(("rule", "becomes", "before", "after"), rows)


@app.command()
def simulate(pack: Named, *, days: Days = 30.0, licensee: Licensee = "", json: Json = False) -> None:
    """Decide the past again as if a pack had held: which decisions change, whose, and how much they are about."""
    from mesh.cli import releasing  # noqa: PLC0415 - as above

    found = releasing.simulate(pack, licensee, days)
    if json:
        write_json(found)
        return
    console.print(
        f"{found['compared']} decisions compared, {len(found['changes'])} change, {len(found['players'])} players"
    )
    rows = [(kind, str(each["decisions"]), each["amounts"]) for kind, each in found["by_kind"].items()]
    if rows:
        write_table(("change", "decisions", "amounts"), rows)


@app.command()
def propose(file: File, *, key: KeyFile, licensee: Licensee = "", json: Json = False) -> None:
    """Store a pack with the first signature."""
    from mesh.cli import releasing  # noqa: PLC0415 - as above

    _tell(releasing.propose(licensee, releasing.text_of(file), key), json=json)


@app.command()
def approve(pack: Digest, *, key: KeyFile, json: Json = False) -> None:
    """Add the signature of another person in the other role."""
    from mesh.cli import releasing  # noqa: PLC0415 - as above

    _tell(releasing.approve(pack, key), json=json)


@app.command()
def schedule(pack: Digest, *, json: Json = False) -> None:
    """Give an approved pack to the wallets. It is law from its instant on."""
    from mesh.cli import releasing  # noqa: PLC0415 - as above

    _tell(releasing.schedule(pack), json=json)


@app.command()
def shadow(pack: Digest, *, off: Off = False, json: Json = False) -> None:
    """Let a pack decide beside the law, without effect, or no longer; and list what it decided otherwise."""
    from mesh.cli import releasing  # noqa: PLC0415 - as above

    found = releasing.shadow(pack, on=not off)
    if json:
        write_json(found)
    else:
        _tell(found["release"], json=False)
        console.print(f"{len(found['differences'])} decisions would have been others")


@app.command()
def rollback(pack: Digest, *, key: Keys, json: Json = False) -> None:
    """End a pack at once; what held before it holds again. Needs both signatures."""
    from mesh.cli import releasing  # noqa: PLC0415 - as above

    _tell(releasing.roll_back(pack, key), json=json)


@app.command(name="list")
def list_packs(
    *, events: Annotated[bool, typer.Option(help="What was done, refusals too.")] = False, json: Json = False
) -> None:
    """List every pack that was proposed and how far it has come."""
    from mesh.cli import releasing  # noqa: PLC0415 - as above

    found = releasing.events() if events else releasing.releases()
    if json:
        write_json(found)
    elif events:
        rows = [
            (
                each["position"],
                each["kind"],
                _label(each),
                ", ".join(each.get("persons", [])) or each.get("refusal", ""),
            )
            for each in found
        ]
        write_table(("", "what", "pack", "who, or why not"), rows)
    else:
        rows = [(_label(each), each["digest"][:12], each["effective_from"], each["state"]) for each in found]
        write_table(("pack", "digest", "from", "state"), rows)


def _tell(release: dict[str, Any], *, json: bool) -> None:
    if json:
        write_json(release)
        return
    console.print(f"{_label(release)} {release['digest'][:12]} is {release['state']}")
    for signer in release.get("signers", []):
        console.print(f"signed by {signer['person']} ({signer['role']})", markup=False)


def _label(each: dict[str, Any]) -> str:
    if each.get("kind", "").startswith("key_"):
        return f"key {each['key_ids'][0]}"
    if each.get("kind") == "zone_data":
        return str(each.get("detail", ""))
    whose = f" of {each['licensee_id']}" if each.get("licensee_id") else ""
    return f"{each.get('name', '')}@{each.get('version', '')}{whose}" if each.get("name") else "no pack"
