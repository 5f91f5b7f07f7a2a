"""The commands of ``airflow-harvest sources``; called by the parser with their arguments."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.cli import display
from airflow_provider_harvest.cli.shared import (
    ATTENTION,
    ERROR,
    FINE,
    KEY_VARIABLE,
    PORTAL_VARIABLE,
    open_client,
    places,
    say,
    write_out,
)
from airflow_provider_harvest.exceptions import HarvestApplyIncomplete, HarvestInvalidInput
from airflow_provider_harvest.portal.as_code.apply import run as applying
from airflow_provider_harvest.portal.as_code.apply.organizations import create_organizations, missing_organizations
from airflow_provider_harvest.portal.as_code.apply.pace import Pacing
from airflow_provider_harvest.portal.as_code.export import Export, export_sources
from airflow_provider_harvest.portal.as_code.files.config import check_declaration
from airflow_provider_harvest.portal.as_code.files.reader import Files, read, read_text
from airflow_provider_harvest.portal.as_code.files.schema import schema_text
from airflow_provider_harvest.portal.as_code.files.yaml_document import parse
from airflow_provider_harvest.portal.as_code.import_endpoints import from_endpoint_list
from airflow_provider_harvest.portal.as_code.plan import render
from airflow_provider_harvest.portal.as_code.plan.make_plan import check_organizations, make_plan
from airflow_provider_harvest.portal.as_code.plan.planned_changes import Plan, looks_like_a_plan, read_plan, write_plan
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.health.rules import state_of
from airflow_provider_harvest.portal.sources.identity import source_brief
from airflow_provider_harvest.portal.sources.listing import SourceFilter, list_sources
from airflow_provider_harvest.portal.statuses import ACCEPTED
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import count, iso

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from airflow_provider_harvest.portal.as_code.model import Declaration
    from airflow_provider_harvest.portal.models import HarvestSource

NO_CHANGES, CHANGES = FINE, ATTENTION
#: Columns of the list of sources. If names do not fit, the hour gives way first, then the state of an accepted source.
_LISTED = ("source", "state", "last harvest (UTC)", "status", "name")
_LISTED_BY_DAY = ("source", "state", "harvested", "status", "name")
_LISTED_IN_SHORT = ("source", "harvested", "status", "name")


def show_list(arguments: argparse.Namespace) -> int:
    """List the sources of a portal: how people find the id of theirs."""
    wanted = SourceFilter.create(organization=arguments.organization, owner_id=arguments.owner, name=arguments.name)
    with open_client(arguments, None, keyed=False) as client:
        listed = list_sources(client, wanted, more_fields="last_job{id,status,created,started,ended}")
        site = client.site
    if arguments.json:
        display.print_json([_listed_row(source, site) for source in listed])
    elif listed:
        display.print_first_that_fits(_listed_tables(listed))
    elif arguments.organization or arguments.owner or arguments.name:
        say("No source matches: leave the options out to list all sources of the portal.")
    else:
        say("The portal has no harvest source.")
    return FINE


def export(arguments: argparse.Namespace) -> int:
    """Write a portal's sources as a file of sources."""
    with open_client(arguments, None, keyed=False) as client:
        say(f"Reading the sources of {client.site} ...")
        exported = export_sources(
            client,
            arguments.organization,
            arguments.owner,
            arguments.environment,
            with_ids=not arguments.no_ids,
        )
    return _write_export(exported, arguments.output)


def import_list(arguments: argparse.Namespace) -> int:
    """Make a file of sources from a list in another format."""
    path = Path(arguments.list)
    return _write_export(from_endpoint_list(parse(read_text(path, path.name), path.name).value), arguments.output)


def check(arguments: argparse.Namespace) -> int:
    """Check files for all their environments, or for one, also against what each portal offers."""
    files = Files.load(arguments.path)
    names: list[str | None] = [arguments.environment] if arguments.environment else [*files.environments]
    for name in names or [None]:
        declaration = files.declaration(name)
        site = arguments.portal or declaration.portal or (os.environ.get(PORTAL_VARIABLE) or "").strip()
        checked = "not checked against a portal"
        if site and not arguments.offline:
            with HarvestClient(site, places=places(_named_by(arguments, declaration))) as client:
                check_declaration(declaration, client.list_backends())
                check_organizations(client, declaration)
            checked = f"checked against {client.site}"
        where = f"{name}: " if name else ""
        print(f"{where}{count(len(declaration.sources), 'source')}, {checked}.")
    return NO_CHANGES


def plan(arguments: argparse.Namespace) -> int:
    """Show what is to be changed."""
    made = _planned(arguments)
    print(render.text(made))
    if arguments.output:
        write_plan(made, arguments.output)
        say(f"Wrote the plan to {arguments.output}.")
    if arguments.markdown:
        Path(arguments.markdown).write_text(render.markdown(made) + "\n", encoding="utf-8")
        say(f"Wrote the summary to {arguments.markdown}.")
    return _code(made)


def apply(arguments: argparse.Namespace) -> int:
    """Apply a plan that was written before, or plan files and apply the plan immediately."""
    is_plan = looks_like_a_plan(arguments.path)
    if is_plan and (
        arguments.environment or arguments.prune or arguments.allow_duplicates or arguments.create_organizations
    ):
        raise HarvestInvalidInput(
            "--environment, --prune, --allow-duplicates and --create-organizations go with files, not with a plan."
        )
    if arguments.create_organizations and not _create_organizations(arguments):
        say("Nothing was changed.")
        return CHANGES
    made = read_plan(arguments.path) if is_plan else _planned(arguments)
    if not is_plan:
        print(render.text(made))
        if made.changes and not arguments.yes and not _agreed():
            say("Nothing was changed.")
            return CHANGES
    if made.changes and not os.environ.get(KEY_VARIABLE):
        raise HarvestInvalidInput(f"A plan is applied with an API key: set {KEY_VARIABLE}.")
    max_deletes = applying.MAX_DELETES if arguments.max_deletes is None else arguments.max_deletes
    try:
        with open_client(arguments, made.portal, keyed=True) as client:
            result = applying.apply_plan(
                client,
                made,
                max_changes=arguments.max_changes,
                max_deletes=max_deletes,
                confirm_deletes=arguments.confirm_deletes,
                limits=Pacing(arguments.write_interval, arguments.accept_interval),
                progress=_progress,
            ).to_json()
    except HarvestApplyIncomplete as error:
        _write_result(error.result, arguments.output)
        # The log has given each reason when it occurred.
        raise HarvestApplyIncomplete(error.brief, result=error.result) from None
    _write_result(result, arguments.output)
    print(render.result_line(result))
    if made.conflicts:
        say(f"{count(len(made.conflicts), 'conflict was', 'conflicts were')} not changed: see the plan.")
        return ERROR
    return CHANGES if result["denied"] else NO_CHANGES


def schema(arguments: argparse.Namespace) -> int:
    """Write the JSON Schema."""
    write_out(schema_text(), arguments.output)
    return NO_CHANGES


# --- parts ---------------------------------------------------------------------------------------------------------


def _listed_row(source: HarvestSource, site: str) -> dict[str, Any]:
    brief = {**source_brief(source, site), **_last_harvest(source)}
    del brief["organization"]  # its id and name are columns of their own
    return {name: plain(value, None) if isinstance(value, str) else value for name, value in brief.items()}


def _last_harvest(source: HarvestSource) -> dict[str, str | None]:
    job = source.last_job
    when = iso(job.ended or job.started or job.created) if job else None
    return {"last_harvest": when, "last_status": plain(job.status) if job else None}


def _listed_tables(listed: Sequence[HarvestSource]) -> list[display.Table]:
    """Return the same list in fewer and fewer columns."""
    whole, by_day, short = [], [], []
    for source in listed:
        last, state = _last_harvest(source), state_of(source)
        when, status = (last["last_harvest"] or "-")[:16].replace("T", " "), last["last_status"] or "-"
        whole.append([source.id, state, when, status, source.name])
        by_day.append([source.id, state, when[:10], status, source.name])
        short.append([source.id, when[:10], status if state == ACCEPTED else state, source.name])
    return [(_LISTED, whole), (_LISTED_BY_DAY, by_day), (_LISTED_IN_SHORT, short)]


def _named_by(arguments: argparse.Namespace, declaration: Declaration) -> str:
    if arguments.portal:
        return "--portal"
    return "the portal in the file" if declaration.portal else PORTAL_VARIABLE


def _create_organizations(arguments: argparse.Namespace) -> bool:
    """Create what organizations the portal lacks; False if a person was asked and did not agree."""
    declaration = read(arguments.path, arguments.environment)
    if not os.environ.get(KEY_VARIABLE):
        raise HarvestInvalidInput(f"Organizations are created with an API key: set {KEY_VARIABLE}.")
    with open_client(arguments, declaration.portal, keyed=True) as client:
        missing = missing_organizations(client, declaration)
        if not missing:
            return True
        print(f"{client.site}: {count(len(missing), 'organization')} to create: {', '.join(missing)}.")
        if not arguments.yes and not _agreed():
            return False
        create_organizations(client, missing)
        say(f"Created {count(len(missing), 'organization')}.")
        return True


def _planned(arguments: argparse.Namespace) -> Plan:
    declaration = read(arguments.path, arguments.environment)
    with open_client(arguments, declaration.portal, keyed=True) as client:
        say(f"Comparing {count(len(declaration.sources), 'source')} with {client.site} ...")
        return make_plan(client, declaration, prune=arguments.prune, allow_duplicates=arguments.allow_duplicates)


def _code(made: Plan) -> int:
    if made.changes:
        return CHANGES
    return ERROR if made.conflicts else NO_CHANGES


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise HarvestInvalidInput(
            "Cannot ask for confirmation without a terminal: give --yes, or apply a plan that was written by plan -o."
        )
    print("Apply this? Only 'yes' does: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() == "yes"


def _progress(done: int, total: int, text: str) -> None:
    say(f"[{done}/{total}] {text}")


def _write_export(exported: Export, output: str | None) -> int:
    write_out(exported.text, output)
    for sentence in exported.left_out:
        say(f"Left out: {sentence}")
    say(f"{count(exported.count, 'source')} written{f' to {output}' if output else ''}.")
    return NO_CHANGES


def _write_result(result: dict[str, object], output: str | None) -> None:
    if output:
        Path(output).write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
