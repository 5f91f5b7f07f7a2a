/** The tab of a task instance: what its harvest came to, or how far it is. */
import type { TaskAddress } from "../api";
import { readPrevious, readTask, type TaskView } from "../model/task";
import { plain } from "../safe";
import { Badge, Card, Facts, Foreign, Frame, HostLink, Moment, Notice, WebLink } from "../parts/basics";
import { GuardView } from "../parts/guard";
import { HarvestView } from "../parts/harvest";
import { LoadingNotice, useLoad } from "../parts/loading";
import { ReportView } from "../parts/report";
import { language } from "../words";
import { AssetTab } from "./AssetTab";

const { words } = language;
/** Milliseconds between two looks at a task that has not ended. */
const FOLLOW = 5000;

/** What Airflow gives to a component on a task instance; `mapIndex` is a text from the address, or missing. */
export interface HostProps {
  dagId?: string;
  runId?: string;
  taskId?: string;
  mapIndex?: string | number;
  /** On an asset (Airflow 3.4 and newer). */
  assetId?: string | number;
}

/** The tab "Harvest", wherever Airflow shows it. */
export function HarvestTab({ assetId, ...task }: HostProps) {
  return (
    <Frame label={words.title}>{assetId === undefined || task.taskId ? <Tab {...task} /> : <AssetTab assetId={String(assetId)} />}</Frame>
  );
}

function Tab({ dagId = "", runId = "", taskId = "", mapIndex }: HostProps) {
  const index = Number(mapIndex ?? -1);
  const task: TaskAddress = { dagId, runId, taskId, mapIndex: Number.isInteger(index) ? index : -1 };
  const loading = useLoad(
    JSON.stringify(task),
    (signal) => readTask(task, signal),
    (view) => (view.isOurs && !view.hasEnded ? FOLLOW : null),
  );
  const view = loading.value;
  if (!view) return <LoadingNotice loading={loading} notFound={words.gone} />;
  return (
    <>
      {loading.error !== null && <LoadingNotice loading={loading} notFound={words.gone} />}
      <Content view={view} task={task} />
    </>
  );
}

function Content({ view, task }: { view: TaskView; task: TaskAddress }) {
  if (!view.isOurs) return <Notice kind="info">{words.notOurs}</Notice>;
  if (!view.hasEnded && view.state && !view.harvest && !view.health && !view.guard) return <Progress view={view} />;
  return (
    <>
      {view.harvest && <HarvestWithPast view={view} task={task} />}
      {view.health && (
        <ReportView
          report={view.health}
          title={words.healthOf(plain(view.health.portal.replace(/^https?:\/\//, "")))}
          quiet={words.noFindings}
        />
      )}
      {view.guard && <GuardView report={view.guard} />}
      {(view.health || view.guard) && (
        <p>
          <HostLink path="plugin/harvests">{words.allSources}</HostLink>
        </p>
      )}
      {view.trouble && <Notice kind="warn">{words[view.trouble]}</Notice>}
      {!view.harvest && !view.health && !view.guard && !view.trouble && (
        <Notice kind="info">{view.hasEnded ? words.noResult : words.noResultYet}</Notice>
      )}
    </>
  );
}

/** A result, beside the one of the run before where Airflow still has that. */
function HarvestWithPast({ view, task }: { view: TaskView; task: TaskAddress }) {
  const { harvest } = view;
  const past = useLoad(
    `${harvest?.jobId} ${JSON.stringify(task)}`,
    (signal) => (harvest ? readPrevious(task, harvest, signal) : Promise.resolve(null)),
    () => null,
  );
  return harvest && <HarvestView harvest={harvest} links={view} previous={past.value} />;
}

function Progress({ view }: { view: TaskView }) {
  const isWaiting = view.state === "deferred" || view.state === "up_for_reschedule";
  return (
    <>
      <header className="hv-head">
        <Badge tone="busy">{isWaiting ? words.verdict.waiting : words.verdict.running}</Badge>
        <nav className="hv-links" aria-label={words.portal}>
          {typeof view.sourceUrl === "string" && view.sourceUrl && <WebLink to={view.sourceUrl}>{words.sourcePage}</WebLink>}
          {typeof view.jobUrl === "string" && view.jobUrl && <WebLink to={view.jobUrl}>{words.jobPage}</WebLink>}
        </nav>
      </header>
      <Notice kind="info">{isWaiting ? words.waitingFor : words.runningNow}</Notice>
      <Card title={words.latestMessages}>
        <Facts
          rows={[
            [words.source, view.sourceId && <code>{plain(view.sourceId)}</code>],
            [words.taskState, plain(view.state)],
            [words.since, view.startedAt && <Moment value={view.startedAt} />],
          ]}
        />
        <ol className="hv-log" aria-live="polite">
          {view.messages.map((line, index) => (
            <li key={index}>
              <span className="hv-muted">
                <Moment value={line.at} />
              </span>{" "}
              <Foreign>{line.text}</Foreign>
            </li>
          ))}
        </ol>
      </Card>
    </>
  );
}
