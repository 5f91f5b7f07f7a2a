/** The table of sources. */
import type { Column, Order, Source } from "../model/sources";
import { Badge, Foreign, HostLink, Moment, NextRun, VerdictBadge } from "../parts/basics";
import { SmallBar, Sparkline } from "../parts/items";
import { FindingBadge } from "../parts/report";
import { plain } from "../safe";
import { language } from "../words";

const { words } = language;

interface Props {
  sources: Source[];
  order: Order;
  /** Not given: the order is fixed. */
  onSort?: (column: Column) => void;
  onOpen: (key: string) => void;
}

export function SourcesTable({ sources, order, onSort, onOpen }: Props) {
  const now = new Date();
  const head = (column: Column): React.ReactNode => {
    const isSorted = order.column === column;
    return (
      <th scope="col" aria-sort={isSorted ? (order.descending ? "descending" : "ascending") : undefined}>
        {onSort ? (
          <button type="button" onClick={() => onSort(column)} title={words.sortBy(words.columns[column])}>
            {words.columns[column]}
            <span aria-hidden="true">{isSorted ? (order.descending ? " ↓" : " ↑") : ""}</span>
          </button>
        ) : (
          words.columns[column]
        )}
      </th>
    );
  };
  return (
    <table className="hv-table">
      <caption className="hv-hidden">{words.title}</caption>
      <thead>
        <tr>
          {head("source")}
          {head("verdict")}
          {head("last")}
          {head("items")}
          <th scope="col">{words.columns.history}</th>
          {head("next")}
          {head("findings")}
          <th scope="col">{words.columns.dags}</th>
        </tr>
      </thead>
      <tbody>
        {sources.map((source) => (
          <Row key={source.key} source={source} now={now} onOpen={onOpen} />
        ))}
      </tbody>
    </table>
  );
}

const Row = React.memo(function Row({ source, now, onOpen }: { source: Source; now: Date; onOpen: (key: string) => void }) {
  const last = source.history[0];
  return (
    <tr>
      <th scope="row">
        <button type="button" className="hv-open" onClick={() => onOpen(source.key)}>
          {source.name ? <Foreign longest={90}>{source.name}</Foreign> : <code>{source.id}</code>}
        </button>
        <span className="hv-sub">
          <Foreign longest={80}>{source.organization ?? source.portal}</Foreign>
        </span>
      </th>
      <td data-label={words.columns.verdict}>
        <VerdictBadge verdict={source.verdict} />
        {source.now.length > 0 && <Badge tone="busy">{words.waitedFor}</Badge>}
      </td>
      <td data-label={words.columns.last}>{last ? <Moment value={last.at} ago now={now} /> : "—"}</td>
      <td data-label={words.columns.items}>{last?.isCounted ? <SmallBar harvest={last} /> : "—"}</td>
      <td data-label={words.columns.history}>
        <Sparkline history={source.history} />
      </td>
      <td data-label={words.columns.next}>
        {source.state && words.states[source.state] ? (
          <span className="hv-muted">{words.states[source.state]}</span>
        ) : (
          <NextRun schedule={source.schedule} next={source.nextRun} ago now={now} />
        )}
      </td>
      <td data-label={words.columns.findings}>
        {source.findings.length ? source.findings.map((finding) => <FindingBadge key={finding.kind} finding={finding} />) : "—"}
      </td>
      <td data-label={words.columns.dags}>
        <Dags ids={[...new Set([...source.runBy, ...source.followedBy])]} />
      </td>
    </tr>
  );
});

const SHOWN_DAGS = 3;

function Dags({ ids }: { ids: string[] }) {
  if (!ids.length) return <>—</>;
  const more = ids.slice(SHOWN_DAGS);
  return (
    <span className="hv-dags">
      {ids.slice(0, SHOWN_DAGS).map((id, index) => (
        <React.Fragment key={id}>
          {index > 0 && ", "}
          <HostLink path={`dags/${encodeURIComponent(id)}`}>{plain(id, 60)}</HostLink>
        </React.Fragment>
      ))}
      {more.length > 0 && <span title={more.map((id) => plain(id, 60)).join(", ")}> {words.nowMore(language.number(more.length))}</span>}
    </span>
  );
}
