/** Health reports and guard results, as tasks pushed them. */
import type { TaskAddress } from "../api";
import { asDict, asList, asNumber, asText, unpacked } from "./result";

export interface Finding {
  kind: string;
  portal: string;
  sourceId: string;
  sourceName: string | null;
  organization: string | null;
  adminUrl: unknown;
  since: string | null;
  isNew: boolean;
  detail: string;
  /** The task that found it, where that is not the one that is shown. */
  task?: TaskAddress;
}

export interface Report {
  portal: string;
  at: string | null;
  sources: number | null;
  findings: Finding[];
  incomplete: string | null;
}

/** Return a health report (XCom `harvest_health`), null where the value is none. */
export function readHealth(value: unknown): Report | null {
  const dict = asDict(unpacked(value));
  if (!dict || !Array.isArray(dict.findings)) return null;
  const portal = asText(dict.portal) ?? "";
  return {
    portal,
    at: asText(dict.at),
    sources: asNumber(dict.sources),
    findings: dict.findings.flatMap((row) => readFinding(row, portal, null)),
    incomplete: asText(dict.incomplete),
  };
}

/** One source of a guard's pass: something of it is missing, or it is held. */
export interface GuardRow {
  finding: Finding;
  records: number | null;
  missing: number;
  willArchive: number;
  firstArchivedAt: string | null;
  mustHold: boolean;
  isHeld: boolean;
  isOverdue: boolean;
  isExposed: boolean;
  /** `held`, `lifted`, `cannot_hold`, or what a newer version does; null for nothing. */
  action: string | null;
  why: string | null;
  missingRecords: { title: string | null; url: unknown; remoteId: string | null; archivedAt: string | null }[];
}

export interface GuardReport extends Report {
  rows: GuardRow[];
}

/** Return a guard's result (XCom `harvest_guard`), null where the value is none. What is held or vanishing is a finding. */
export function readGuard(value: unknown): GuardReport | null {
  const dict = asDict(unpacked(value));
  if (!dict || !Array.isArray(dict.rows)) return null;
  const portal = asText(dict.portal) ?? "";
  const at = asText(dict.at);
  const rows = dict.rows.flatMap((row) => readGuardRow(row, portal));
  return {
    portal,
    at,
    sources: asNumber(dict.sources),
    findings: rows.map((row) => row.finding).filter((finding) => finding.kind !== "exposed"),
    incomplete: asList(dict.incomplete).map(String).join(" ") || null,
    rows,
  };
}

function readGuardRow(value: unknown, portal: string): GuardRow[] {
  const dict = asDict(value);
  const [finding] = readFinding(value, portal, null);
  if (!dict || !finding) return [];
  const isHeld = dict.is_held === true;
  const missing = asNumber(dict.missing) ?? 0;
  const isVanishing = dict.must_hold === true || (missing > 0 && (asNumber(dict.will_archive) ?? 0) > 0);
  return [
    {
      finding: { ...finding, kind: isHeld ? "held" : isVanishing ? "vanishing" : "exposed" },
      records: asNumber(dict.records),
      missing,
      willArchive: asNumber(dict.will_archive) ?? 0,
      firstArchivedAt: asText(dict.first_archived_at),
      mustHold: dict.must_hold === true,
      isHeld,
      isOverdue: dict.is_overdue === true,
      isExposed: dict.is_exposed === true,
      action: asText(dict.action),
      why: asText(dict.why),
      missingRecords: asList(dict.missing_records).flatMap((one) => {
        const record = asDict(one);
        return record
          ? [{ title: asText(record.title), url: record.url, remoteId: asText(record.remote_id), archivedAt: asText(record.archived_at) }]
          : [];
      }),
    },
  ];
}

function readFinding(value: unknown, portal: string, kind: string | null): Finding[] {
  const dict = asDict(value);
  const sourceId = asText(dict?.source_id);
  if (!dict || !sourceId) return [];
  return [
    {
      kind: kind ?? asText(dict.kind) ?? "unknown",
      portal: asText(dict.portal) ?? portal,
      sourceId,
      sourceName: asText(dict.source_name),
      organization: asText(dict.organization) ?? asText(dict.owner),
      adminUrl: dict.admin_url ?? dict.source_url,
      since: asText(dict.since),
      isNew: dict.is_new === true,
      detail: asText(dict.detail) ?? asText(dict.reason) ?? asList(dict.reasons).map(String).join(" "),
    },
  ];
}
