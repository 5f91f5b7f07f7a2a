/** A health report or a guard's result as a list of findings. */
import { taskPage } from "../api";
import type { Finding, Report } from "../model/reports";
import { plain } from "../safe";
import { language } from "../words";
import { Badge, Card, Foreign, HostLink, Moment, Notice, type Tone, WebLink } from "./basics";

const { words } = language;
type Pass = Pick<Report, "at" | "sources" | "incomplete">;
const URGENT = new Set(["failing", "stuck", "newly_archived", "vanishing"]);

export function toneOf(kind: string): Tone {
  return URGENT.has(kind) ? "bad" : "warn";
}

export function FindingBadge({ finding }: { finding: Finding }) {
  return (
    <Badge tone={toneOf(finding.kind)} title={plain(finding.detail)}>
      {words.finding[finding.kind] ?? plain(finding.kind, 40)}
    </Badge>
  );
}

/** What a pass over a portal covered: how much was found, when it checked, and what it left out. */
export function ReportHead({ report, title, troubles }: { report: Pass; title: string; troubles: number }) {
  return (
    <>
      <header className="hv-head">
        <Badge tone={troubles ? "warn" : "good"}>{language.number(troubles)}</Badge>
        <h2>{title}</h2>
      </header>
      <p className="hv-muted">
        {words.checkedAt} <Moment value={report.at} />
        {report.sources !== null && <> · {words.sourcesChecked(language.number(report.sources))}</>}
      </p>
      {report.incomplete && (
        <Notice kind="warn">
          {words.incomplete} <Foreign>{report.incomplete}</Foreign>
        </Notice>
      )}
    </>
  );
}

export function ReportView({ report, title, quiet }: { report: Report; title: string; quiet: string }) {
  return (
    <>
      <ReportHead report={report} title={title} troubles={report.findings.length} />
      {report.findings.length ? (
        <Card title={words.findings}>
          <FindingList findings={report.findings} named />
        </Card>
      ) : (
        <Notice kind="info">{quiet}</Notice>
      )}
    </>
  );
}

export function FindingList({ findings, named = false }: { findings: Finding[]; named?: boolean }) {
  return (
    <ul className="hv-list">
      {findings.map((finding, index) => (
        <li key={index}>
          <FindingBadge finding={finding} />{" "}
          {named && (
            <WebLink to={finding.adminUrl}>
              <Foreign longest={120}>{finding.sourceName ?? finding.sourceId}</Foreign>
            </WebLink>
          )}{" "}
          <Foreign>{finding.detail}</Foreign>{" "}
          {finding.since && (
            <span className="hv-muted">
              {words.foundSince} <Moment value={finding.since} />
            </span>
          )}{" "}
          {finding.isNew && <span className="hv-new">{words.isNew}</span>}{" "}
          {finding.task && <HostLink path={taskPage(finding.task)}>{words.openReport}</HostLink>}
        </li>
      ))}
    </ul>
  );
}
