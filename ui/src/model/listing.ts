/** All sources of a portal in a few words each, as a health task pushed them (XCom `harvest_sources`). */
import { asDict, asList, asNumber, asText, isEnded, unpacked, type Harvest } from "./result";

export interface Listed {
  id: string;
  name: string | null;
  organization: string | null;
  /** `accepted`, `pending`, `refused`, `inactive`, or the portal's own word. */
  state: string | null;
  schedule: string | null;
  /** Its last job as far as that has ended; no task of this Airflow need have waited for it. */
  last: Harvest | null;
}

export interface Listing {
  portal: string;
  at: string | null;
  total: number;
  sources: Listed[];
}

/** Return a listing, null where the value is none. */
export function readListing(value: unknown): Listing | null {
  const dict = asDict(unpacked(value));
  if (!dict || !Array.isArray(dict.columns) || !Array.isArray(dict.rows)) return null;
  const columns = dict.columns.map(String);
  const portal = asText(dict.portal) ?? "";
  const sources = dict.rows.flatMap((row): Listed[] => {
    const cells = Object.fromEntries(asList(row).map((cell, index) => [columns[index] ?? "", cell]));
    const id = asText(cells.id);
    if (!id) return [];
    const [name, organization, schedule] = [cells.name, cells.organization, cells.schedule].map(asText);
    const told = { name: name ?? null, organization: organization ?? null, schedule: schedule ?? null };
    return [{ id, ...told, state: asText(cells.state), last: lastJob(portal, id, cells) }];
  });
  return { portal, at: asText(dict.at), total: asNumber(dict.total) ?? sources.length, sources };
}

/** Return the last job as a harvest. Its verdict is the strict one of the tasks: an item that failed is a failure. */
function lastJob(portal: string, sourceId: string, cells: Record<string, unknown>): Harvest | null {
  const [jobId, status] = [asText(cells.job_id), asText(cells.status)];
  if (!jobId || !status || !isEnded(status)) return null;
  const [done, failed, skipped, archived] = [cells.done, cells.failed, cells.skipped, cells.archived].map((cell) => asNumber(cell) ?? 0) as [
    number,
    number,
    number,
    number,
  ];
  return {
    ...{ portal, sourceId, sourceName: asText(cells.name), organization: asText(cells.organization) },
    ...{ schedule: asText(cells.schedule), jobId, jobUrl: null, how: "portal", status },
    ...{ started: asText(cells.started), ended: asText(cells.ended), duration: null },
    ...{ items: { done, failed, skipped, archived }, total: asNumber(cells.total) ?? 0, isCounted: asNumber(cells.total) !== null },
    ...{ newlyArchived: null, errors: [], failedItems: [], skipReasons: [], remoteIds: null, changes: null },
    ...{ outcome: status === "done" && !failed ? "success" : "failure", failureKind: null, reasons: [] },
    ...{ isOldSchema: false, isNewSchema: false },
  };
}
