/** A guard's result: what is held, what will vanish and when, with the records. */
import type { GuardReport, GuardRow } from "../model/reports";
import { plain } from "../safe";
import { language } from "../words";
import { Card, Foreign, Moment, Notice, WebLink } from "./basics";
import { FindingBadge, ReportHead } from "./report";

const { words } = language;

export function GuardView({ report }: { report: GuardReport }) {
  const told = report.rows.filter((row) => row.finding.kind !== "exposed" || row.missing > 0 || row.action);
  const exposed = report.rows.filter((row) => row.isExposed);
  return (
    <>
      <ReportHead report={report} title={words.guardOf(plain(report.portal.replace(/^https?:\/\//, "")))} troubles={told.length} />
      {told.length ? told.map((row, index) => <Row key={index} row={row} />) : <Notice kind="info">{words.guardQuiet}</Notice>}
      {exposed.length > 0 && (
        <Card title={words.finding.exposed ?? ""}>
          <p>{words.guard.exposed}</p>
          <ul className="hv-list">
            {exposed.map((row, index) => (
              <li key={index}>
                <SourceLink row={row} />
              </li>
            ))}
          </ul>
        </Card>
      )}
    </>
  );
}

function SourceLink({ row }: { row: GuardRow }) {
  return (
    <WebLink to={row.finding.adminUrl}>
      <Foreign longest={120}>{row.finding.sourceName ?? row.finding.sourceId}</Foreign>
    </WebLink>
  );
}

function Row({ row }: { row: GuardRow }) {
  const { guard } = words;
  return (
    <section className={`hv-card hv-edge-${row.isHeld ? "warn" : "bad"}`}>
      <header className="hv-head">
        {row.finding.kind !== "exposed" && <FindingBadge finding={row.finding} />}
        <h3>
          <SourceLink row={row} />
        </h3>
        {row.finding.organization && <span className="hv-muted hv-foreign">{plain(row.finding.organization, 80)}</span>}
      </header>
      {row.missing > 0 && (language.code !== "en" || !row.finding.detail) && (
        <p>{guard.missing(language.number(row.missing), row.records === null ? "?" : language.number(row.records))}</p>
      )}
      {row.finding.detail && (
        <p>
          <Foreign>{row.finding.detail}</Foreign>
        </p>
      )}
      {row.isHeld && <p>{row.isOverdue ? guard.overdue : guard.held}</p>}
      {!row.isHeld && row.mustHold && row.action !== "cannot_hold" && <p>{guard.mustHold}</p>}
      {row.action === "cannot_hold" && (
        <p>
          {guard.cannotHold} <Foreign>{row.why}</Foreign>
        </p>
      )}
      {row.action === "lifted" && <p>{guard.lifted}</p>}
      {row.action === "expired" && <p>{guard.expired}</p>}
      {!row.isHeld && row.firstArchivedAt && (
        <p>
          {guard.archivedFrom} <Moment value={row.firstArchivedAt} /> ({guard.willArchive(language.number(row.willArchive))})
        </p>
      )}
      {row.missingRecords.length > 0 && <Records row={row} />}
    </section>
  );
}

function Records({ row }: { row: GuardRow }) {
  return (
    <details className="hv-group">
      <summary>{words.guard.records(language.number(row.missingRecords.length), language.number(row.missing))}</summary>
      <ul className="hv-list">
        {row.missingRecords.map((record, index) => (
          <li key={index}>
            <WebLink to={record.url}>
              <Foreign longest={120}>{record.title ?? record.remoteId ?? words.noIdentifier}</Foreign>
            </WebLink>{" "}
            {record.archivedAt && !row.isHeld && (
              <span className="hv-muted">
                {words.guard.archivedOn} <Moment value={record.archivedAt} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}
