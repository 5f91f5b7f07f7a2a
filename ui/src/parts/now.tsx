/** The tasks that harvest or wait right now, with links to their tabs. */
import { taskPage } from "../api";
import type { TaskNow } from "../model/now";
import type { Source } from "../model/sources";
import { plain } from "../safe";
import { language } from "../words";
import { Badge, Card, Foreign, HostLink, Moment } from "./basics";

const { words } = language;
const SHOWN = 8;

export function NowCard({ tasks, sources, isPart }: { tasks: TaskNow[]; sources: Source[]; isPart: boolean }) {
  if (!tasks.length) return null;
  const now = new Date();
  const names = new Map(sources.map((source) => [source.id, source.name ?? source.id]));
  const more = tasks.length - SHOWN;
  return (
    <Card title={`${words.now} (${language.number(tasks.length)})`}>
      <ul className="hv-list">
        {tasks.slice(0, SHOWN).map((task) => (
          <li key={`${task.dagId} ${task.runId} ${task.taskId} ${task.mapIndex}`}>
            <Badge tone="busy">{words.nowState[task.state] ?? plain(task.state, 40)}</Badge>{" "}
            <HostLink path={taskPage(task)}>{`${plain(task.dagId, 60)} · ${plain(task.taskId, 60)}`}</HostLink>{" "}
            <Foreign longest={90}>{task.sourceId ? (names.get(task.sourceId.toLowerCase()) ?? task.sourceId) : words.wholePortal}</Foreign>{" "}
            <span className="hv-muted">
              <Moment value={task.since} ago now={now} />
            </span>
          </li>
        ))}
      </ul>
      {more > 0 && <p className="hv-muted">{words.nowMore(language.number(more))}</p>}
      {isPart && <p className="hv-muted">{words.nowPart}</p>}
    </Card>
  );
}
