/** The table of sources. */
import type { Column, Order, Source } from "../model/sources";
import { Foreign, Moment, VerdictBadge } from "../parts/basics";
import { SmallBar, Sparkline } from "../parts/items";
import { FindingBadge } from "../parts/report";
import { plain } from "../safe";
import { language } from "../words";

const { words } = language;

interface Props {
  sources: Source[];
  order: Order;
  onSort: (column: Column) => void;
  onOpen: (key: string) => void;
}

export function SourcesTable({ sources, order, onSort, onOpen }: Props) {
  const now = new Date();
  const head = (column: Column): React.ReactNode => {
    const isSorted = order.column === column;
    return (
      <th scope="col" aria-sort={isSorted ? (order.descending ? "descending" : "ascending") : undefined}>
        <button type="button" onClick={() => onSort(column)} title={words.sortBy(words.columns[column])}>
          {words.columns[column]}
          <span aria-hidden="true">{isSorted ? (order.descending ? " ↓" : " ↑") : ""}</span>
        </button>
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
      </td>
      <td data-label={words.columns.last}>{last ? <Moment value={last.at} ago now={now} /> : "—"}</td>
      <td data-label={words.columns.items}>{last ? <SmallBar harvest={last} /> : "—"}</td>
      <td data-label={words.columns.history}>
        <Sparkline history={source.history} />
      </td>
      <td data-label={words.columns.findings}>
        {source.findings.length ? source.findings.map((finding) => <FindingBadge key={finding.kind} finding={finding} />) : "—"}
      </td>
      <td data-label={words.columns.dags}>
        {source.runBy.length + source.followedBy.length ? (
          <span className="hv-dags">{[...source.runBy, ...source.followedBy].map((dag) => plain(dag, 60)).join(", ")}</span>
        ) : (
          "—"
        )}
      </td>
    </tr>
  );
});
