/** One source with its history, a chart and its newest harvest. */
import { taskPage } from "../api";
import { readHistory } from "../model/load";
import { NOTHING, putTogether, type Past, type Source } from "../model/sources";
import { Card, Foreign, HostLink, Moment, NextRun, Notice, VerdictBadge, WebLink } from "../parts/basics";
import { HarvestView } from "../parts/harvest";
import { Chart, countsInWords } from "../parts/items";
import { useLoad } from "../parts/loading";
import { NowCard } from "../parts/now";
import { FindingList } from "../parts/report";
import { plain } from "../safe";
import { language } from "../words";

const { words } = language;
const LONGEST = 60;

export function SourceView({ source, onBack }: { source: Source | null; onBack: () => void }) {
  const heading = React.useRef<HTMLHeadingElement>(null);
  // The view replaces the table: without this a keyboard or a screen reader would be left nowhere.
  React.useEffect(() => heading.current?.focus(), []);
  return (
    <>
      <p>
        <button type="button" className="hv-button" onClick={onBack}>
          ← {words.back}
        </button>
      </p>
      <h1 ref={heading} tabIndex={-1}>
        {source ? <Foreign longest={200}>{source.name ?? source.id}</Foreign> : words.source}
      </h1>
      {source ? <Details source={source} /> : <Notice kind="warn">{words.sourceMissing}</Notice>}
    </>
  );
}

export function Details({ source }: { source: Source }) {
  const history = useHistory(source);
  const [newest, previous] = history;
  return (
    <>
      <p className="hv-muted">
        {source.organization && (
          <>
            <Foreign longest={120}>{source.organization}</Foreign>
            {" · "}
          </>
        )}
        <WebLink to={newest?.portal}>{source.portal}</WebLink> · <code>{source.id}</code>{" "}
        {typeof source.adminUrl === "string" && source.adminUrl && <WebLink to={source.adminUrl}>{words.sourcePage}</WebLink>}
      </p>
      <p>
        {words.labelled(words.nextRun)}
        {source.state && words.states[source.state] ? words.states[source.state] : <NextRun schedule={source.schedule} next={source.nextRun} />}
      </p>
      <NowCard tasks={source.now} sources={[source]} isPart={false} />
      {source.findings.length > 0 && (
        <Card title={words.findings} tone="warn">
          <FindingList findings={source.findings} />
        </Card>
      )}
      {newest ? (
        <>
          <Card title={words.history}>
            {history.length > 1 && <Chart history={history} />}
            <HistoryTable history={history} />
          </Card>
          <section className="hv-nested" aria-label={words.viewLatest}>
            <HarvestView harvest={newest} links={{ sourceUrl: source.adminUrl, jobUrl: null }} previous={previous ?? null} />
          </section>
        </>
      ) : (
        <Notice kind="info">{words.noHarvestsOfSource}</Notice>
      )}
      <Card title={words.dags}>
        {source.runBy.length + source.followedBy.length ? (
          <dl className="hv-facts">
            <Dags title={words.producers} ids={source.runBy} />
            <Dags title={words.watchers} ids={source.followedBy} />
          </dl>
        ) : (
          <p className="hv-muted">{words.noDags}</p>
        )}
      </Card>
    </>
  );
}

/** The source's history: what the table knew, and all that its own assets have once that has come. */
function useHistory(source: Source): Past[] {
  const loading = useLoad(
    source.key,
    (signal) => (source.assetIds.length ? readHistory(source.assetIds, signal) : Promise.resolve([])),
    () => null,
  );
  return React.useMemo(() => {
    if (!loading.value?.length) return source.history;
    const alone = putTogether({ ...NOTHING, events: loading.value });
    const more = alone.find((one) => one.key === source.key)?.history ?? [];
    const known = new Set(source.history.map((past) => past.jobId));
    return [...source.history, ...more.filter((past) => !known.has(past.jobId))].sort(
      (one, other) => (other.at?.getTime() ?? 0) - (one.at?.getTime() ?? 0),
    );
  }, [loading.value, source]);
}

function Dags({ title, ids }: { title: string; ids: string[] }) {
  return ids.length ? (
    <div>
      <dt>{title}</dt>
      <dd>
        {ids.map((id, index) => (
          <span key={id}>
            {index > 0 && ", "}
            <HostLink path={`dags/${encodeURIComponent(id)}`}>{plain(id, 80)}</HostLink>
          </span>
        ))}
      </dd>
    </div>
  ) : null;
}

function HistoryTable({ history }: { history: Past[] }) {
  return (
    <table className="hv-table hv-small">
      <caption className="hv-hidden">{words.history}</caption>
      <thead>
        <tr>
          <th scope="col">{words.ended}</th>
          <th scope="col">{words.verdictColumn}</th>
          <th scope="col">{words.columns.items}</th>
          <th scope="col">{words.duration}</th>
          <th scope="col">{words.job}</th>
        </tr>
      </thead>
      <tbody>
        {history.slice(0, LONGEST).map((past, index) => (
          <tr key={past.jobId ?? index}>
            <th scope="row">
              <Moment value={past.at} />
            </th>
            <td data-label={words.verdictColumn}>
              <VerdictBadge verdict={past.outcome ?? "unknown"} />
            </td>
            <td data-label={words.columns.items}>{past.isCounted ? countsInWords(past) : "—"}</td>
            <td data-label={words.duration}>{past.duration === null ? "—" : language.duration(past.duration)}</td>
            <td data-label={words.job}>
              {past.jobUrl ? <WebLink to={past.jobUrl}>{words.portal}</WebLink> : "—"}
              {past.task && (
                <>
                  {" · "}
                  <HostLink path={taskPage(past.task)}>{words.openTask}</HostLink>
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
