/** Health reports and guard results, as tasks pushed them. */
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

/** Return what a guard's task pushed as a report: its holds and what will vanish are findings. */
export function readGuard(value: unknown): Report | null {
  const dict = asDict(unpacked(value));
  if (!dict) return null;
  const portal = asText(dict.portal) ?? "";
  const held = [...asList(dict.holds), ...asList(dict.held)].flatMap((row) => readFinding(row, portal, "held"));
  const vanishing = asList(dict.vanishing).flatMap((row) => readFinding(row, portal, "vanishing"));
  const one = dict.is_held === true || dict.held === true || dict.verdict === "hold" ? readFinding(dict, portal, "held") : [];
  return {
    portal,
    at: asText(dict.at),
    sources: asNumber(dict.sources),
    findings: [...held, ...vanishing, ...one],
    incomplete: asText(dict.incomplete),
  };
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
