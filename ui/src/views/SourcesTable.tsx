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

/** How many rows are drawn at first: what a browser lays out in a moment, also on a slow machine. */
export const ROWS = 100;

export function SourcesTable({ sources, order, onSort, onOpen }: Props) {
  const now = React.useMemo(() => new Date(), [sources]);
  const [most, setMost] = React.useState(ROWS);
  const body = React.useRef<HTMLTableSectionElement>(null);
  React.useEffect(() => setMost(ROWS), [sources]);
  const show = (rows: number): void => {
    // The button may be gone then, and the focus with it: it goes on to the first new row.
    const firstNew = Math.min(most, sources.length);
    setMost(rows);
    requestAnimationFrame(() => body.current?.rows[firstNew]?.querySelector("button")?.focus());
  };
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
    <>
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
        <tbody ref={body}>
          {sources.slice(0, most).map((source) => (
            <Row key={source.key} source={source} now={now} onOpen={onOpen} />
          ))}
        </tbody>
      </table>
      {most < sources.length && <More shown={most} all={sources.length} onShow={show} />}
    </>
  );
}

function More({ shown, all, onShow }: { shown: number; all: number; onShow: (rows: number) => void }) {
  return (
    <p className="hv-more">
      <span role="status">{words.rows.part(language.number(shown), language.number(all))}</span>{" "}
      {all > shown + ROWS && (
        <button type="button" className="hv-button" onClick={() => onShow(shown + ROWS)}>
          {words.rows.more(language.number(ROWS))}
        </button>
      )}{" "}
      <button type="button" className="hv-button" onClick={() => onShow(all)}>
        {words.rows.all(language.number(all))}
      </button>
    </p>
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
