/** One harvest in full: verdict, counters, what changed, what failed and what to do; for the tab and the source's view. */
import { nextRun } from "../model/cron";
import { adviceFor, groupFailures } from "../model/failures";
import { asDict, asNumber, type FailedItem, type Harvest, type ItemStatus, STATUSES } from "../model/result";
import { plain } from "../safe";
import { language } from "../words";
import { Card, Facts, Foreign, Moment, NextRun, Notice, VerdictBadge, WebLink } from "./basics";
import { countsInWords, ItemsBar } from "./items";

const { words } = language;

interface Links {
  sourceUrl: unknown;
  jobUrl: unknown;
}

export function HarvestView({ harvest, links, previous }: { harvest: Harvest; links: Links; previous: Harvest | null }) {
  const name = harvest.sourceName ?? (harvest.sourceId ? words.unnamed : words.previewOfConfig);
  return (
    <>
      <header className="hv-head">
        <VerdictBadge verdict={harvest.outcome ?? "unknown"} />
        <h2>
          <Foreign longest={200}>{name}</Foreign>
        </h2>
        <nav className="hv-links" aria-label={plain(name, 80)}>
          <WebLinkIf to={links.sourceUrl}>{words.sourcePage}</WebLinkIf>
          <WebLinkIf to={harvest.jobUrl ?? links.jobUrl}>{words.jobPage}</WebLinkIf>
        </nav>
      </header>
      {harvest.isOldSchema && <Notice kind="info">{words.oldSchema}</Notice>}
      {harvest.isNewSchema && <Notice kind="warn">{words.newSchema}</Notice>}
      {harvest.outcome === "failure" && <Why harvest={harvest} />}
      <Card title={words.itemCounts}>
        <ItemsBar harvest={harvest} />
        {harvest.newlyArchived !== null && harvest.newlyArchived > 0 && (
          <p>{words.newlyArchived(language.number(harvest.newlyArchived))}</p>
        )}
        <HarvestFacts harvest={harvest} />
      </Card>
      <Changes harvest={harvest} previous={previous} />
      <Failures items={harvest.failedItems} all={harvest.items.failed} />
      {harvest.errors.length > 0 && (
        <Card title={words.jobErrors} tone="bad">
          <ul className="hv-list">
            {harvest.errors.map((error, index) => (
              <li key={index}>
                <Foreign>{error}</Foreign>
                <Advice message={error} />
              </li>
            ))}
          </ul>
        </Card>
      )}
      {harvest.skipReasons.length > 0 && <Skips reasons={harvest.skipReasons} />}
      {harvest.remoteIds && <AskedFor fates={harvest.remoteIds} />}
    </>
  );
}

function WebLinkIf({ to, children }: { to: unknown; children: React.ReactNode }) {
  return typeof to === "string" && to ? <WebLink to={to}>{children}</WebLink> : null;
}

function HarvestFacts({ harvest }: { harvest: Harvest }) {
  return (
    <Facts
      rows={[
        [words.started, harvest.started && <Moment value={harvest.started} />],
        [words.ended, harvest.ended && <Moment value={harvest.ended} />],
        [words.duration, harvest.duration === null ? null : language.duration(harvest.duration)],
        [words.nextRun, <NextRun key="next" schedule={harvest.schedule} next={nextRun(harvest.schedule, new Date())} />],
        [words.how, harvest.how ? (words.hows[harvest.how] ?? plain(harvest.how)) : null],
        [words.portal, harvest.portal && <WebLink to={harvest.portal}>{plain(harvest.portal.replace(/^https?:\/\//, ""))}</WebLink>],
        [words.job, harvest.jobId && <code>{plain(harvest.jobId)}</code>],
      ]}
    />
  );
}

function Why({ harvest }: { harvest: Harvest }) {
  const advice = harvest.failureKind ? words.kinds[harvest.failureKind] : undefined;
  return (
    <Card title={words.why} tone="bad">
      {harvest.reasons.length > 0 && (
        <ul className="hv-list">
          {harvest.reasons.map((reason, index) => (
            <li key={index}>
              <Foreign>{reason}</Foreign>
            </li>
          ))}
        </ul>
      )}
      {advice && (
        <p>
          <strong>{words.whatToDo}</strong> {advice}
        </p>
      )}
    </Card>
  );
}

function Advice({ message, given }: { message: string; given?: string | null }) {
  const key = adviceFor(message);
  const text = key ? words.advice[key] : given;
  return text ? (
    <p className="hv-advice">
      <strong>{words.whatToDo}</strong> {key ? text : <Foreign>{text}</Foreign>}
    </p>
  ) : null;
}

function Failures({ items, all }: { items: FailedItem[]; all: number }) {
  if (!items.length) return null;
  return (
    <Card title={`${words.failedItems} (${language.number(Math.max(all, items.length))})`} tone="bad">
      {groupFailures(items).map((group, index) => (
        <details key={index} className="hv-group" open={index === 0}>
          <summary>
            <span className="hv-count">{language.number(group.items.length)} ×</span> <Foreign>{group.message}</Foreign>
          </summary>
          <Advice message={group.message} given={group.items[0]?.advice ?? null} />
          <ul className="hv-list">
            {group.items.map((item, place) => (
              <li key={place}>
                <code>{item.remoteId ? plain(item.remoteId, 200) : words.noIdentifier}</code>{" "}
                <WebLinkIf to={item.remoteUrl}>{words.openRecord}</WebLinkIf>{" "}
                <WebLinkIf to={item.datasetUrl}>{words.openDataset}</WebLinkIf>{" "}
                {item.isNew && <span className="hv-new">{words.isNew}</span>}
              </li>
            ))}
          </ul>
        </details>
      ))}
      {all > items.length && <p className="hv-muted">{words.shownOf(language.number(items.length), language.number(all))}</p>}
    </Card>
  );
}

/** What changed: as the task told, and the counters beside those of the previous harvest that Airflow knows. */
function Changes({ harvest, previous }: { harvest: Harvest; previous: Harvest | null }) {
  const told = asDict(harvest.changes);
  const rows = told ? toldChanges(told) : [];
  if (!rows.length && !previous) return null;
  return (
    <Card title={words.changes}>
      {rows.length > 0 && <Facts rows={rows} />}
      {previous && <CountersBeside harvest={harvest} previous={previous} isAll={!rows.length} />}
    </Card>
  );
}

function CountersBeside({ harvest, previous, isAll }: { harvest: Harvest; previous: Harvest; isAll: boolean }) {
  const moved = STATUSES.filter((status) => harvest.items[status] !== previous.items[status]);
  if (!moved.length) return isAll ? <p>{words.noChanges}</p> : null;
  return (
    <>
      <p className="hv-muted">
        {words.comparedWith} (<Moment value={previous.ended ?? previous.started} />, {countsInWords(previous)}):
      </p>
      <ul className="hv-legend">
        {moved.map((status) => (
          <li key={status}>
            <span className={`hv-dot hv-fill-${status}`} aria-hidden="true" />
            <strong className={isWorse(status, harvest, previous) ? "hv-text-bad" : ""}>
              {signed(harvest.items[status] - previous.items[status])}
            </strong>{" "}
            {words.item[status]}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Why records were skipped, as the portal says it. */
function Skips({ reasons }: { reasons: [string, number][] }) {
  return (
    <Card title={words.skipped} tone="warn">
      <ul className="hv-list">
        {reasons.map(([reason, count]) => (
          <li key={reason}>
            <span className="hv-count">{language.number(count)} ×</span> <Foreign>{reason}</Foreign>
            <Advice message={reason} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function isWorse(status: ItemStatus, harvest: Harvest, previous: Harvest): boolean {
  const more = harvest.items[status] > previous.items[status];
  return status === "done" ? !more : more;
}

function signed(value: number): string {
  return value > 0 ? `+${language.number(value)}` : `−${language.number(-value)}`;
}

function toldChanges(told: Record<string, unknown>): [string, React.ReactNode][] {
  return Object.entries(told).flatMap(([key, value]): [string, React.ReactNode][] => {
    const label = words.change[key];
    if (!label) return [];
    if (typeof value === "number") return value ? [[label, language.number(value)]] : [];
    if (!Array.isArray(value) || !value.length) return [];
    return [[label, <Foreign key={key}>{`${language.number(value.length)}: ${value.slice(0, 10).map((one) => plain(one, 80)).join(", ")}`}</Foreign>]];
  });
}

function AskedFor({ fates }: { fates: Record<string, unknown> }) {
  const names = { done: words.item.done, failed: words.item.failed, skipped: words.item.skipped, archived: words.item.archived, missing: words.missing };
  const rows = Object.entries(names).flatMap(([fate, label]): [string, React.ReactNode][] => {
    const value = fates[fate];
    if (typeof value === "number") return [[label, language.number(value)]];
    if (!Array.isArray(value) || !value.length) return [];
    const count = asNumber(asDict(fates.counts)?.[fate]) ?? value.length;
    const shown = value.slice(0, 20).map((one) => plain(one, 120));
    return [[`${label} (${language.number(count)})`, <Foreign key={fate} longest={2000}>{shown.join(", ")}</Foreign>]];
  });
  return (
    <Card title={words.askedFor}>
      <Facts rows={rows} />
    </Card>
  );
}
