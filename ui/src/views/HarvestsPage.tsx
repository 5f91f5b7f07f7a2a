/** The page in the navigation: all sources that this Airflow knows. */
import { load, type Loaded } from "../model/load";
import {
  needsAttention,
  NO_FILTER,
  putTogether,
  select,
  type Column,
  type Filter,
  type Order,
  type Source,
  type Verdict,
} from "../model/sources";
import { Frame, Moment, Notice } from "../parts/basics";
import { LoadingNotice, useLoad } from "../parts/loading";
import { NowCard } from "../parts/now";
import { plain } from "../safe";
import { language } from "../words";
import { SourcesTable } from "./SourcesTable";
import { SourceView } from "./SourceView";

const { words } = language;

export function HarvestsPage() {
  return (
    <Frame label={words.title}>
      <Page />
    </Frame>
  );
}

function Page() {
  const [query, setQuery] = ReactRouterDOM.useSearchParams();
  const loading = useLoad("all", load, () => null);
  const sources = React.useMemo(() => (loading.value ? putTogether(loading.value.known) : []), [loading.value]);
  const open = query.get("source");
  const show = (key: string | null): void => {
    const next = new URLSearchParams(query);
    if (key === null) next.delete("source");
    else next.set("source", key);
    setQuery(next);
    window.scrollTo(0, 0);
  };
  if (!loading.value) {
    return (
      <>
        <h1>{words.title}</h1>
        <LoadingNotice loading={loading} />
      </>
    );
  }
  if (open !== null) {
    const source = sources.find((one) => one.key === open);
    return <SourceView key={open} source={source ?? null} onBack={() => show(null)} />;
  }
  return (
    <>
      <header className="hv-head">
        <h1>{words.title}</h1>
        <span className="hv-muted hv-right">
          {words.refreshed} <Moment value={loading.value.at} />{" "}
          <button type="button" className="hv-button" onClick={loading.again} disabled={loading.isLoading}>
            {words.reload}
          </button>
        </span>
      </header>
      {loading.error !== null && <LoadingNotice loading={loading} />}
      <Shortcomings loaded={loading.value} />
      <NowCard tasks={loading.value.known.now} sources={sources} isPart={loading.value.isNowPart} />
      {sources.length ? <Overview sources={sources} onOpen={show} /> : <FirstUse />}
    </>
  );
}

function Shortcomings({ loaded }: { loaded: Loaded }) {
  const { shown } = loaded;
  return (
    <>
      {loaded.forbidden.map((part) => (
        <Notice key={part} kind="warn">
          {words.partForbidden[part]}
        </Notice>
      ))}
      {shown.assets < shown.allAssets && (
        <Notice kind="warn">{words.partial.assets(language.number(shown.assets), language.number(shown.allAssets))}</Notice>
      )}
      {shown.listed < shown.allListed && (
        <Notice kind="warn">{words.partial.listed(language.number(shown.listed), language.number(shown.allListed))}</Notice>
      )}
      {shown.events < shown.allEvents && (
        <Notice kind="info">{words.partial.events(language.number(shown.events), language.number(shown.allEvents))}</Notice>
      )}
    </>
  );
}

function FirstUse() {
  return (
    <div className="hv-empty">
      <h2>{words.empty.title}</h2>
      <p>{words.empty.text}</p>
      <ul>
        <li>{words.empty.watch}</li>
        <li>{words.empty.outlets}</li>
        <li>{words.empty.trigger}</li>
      </ul>
      <p className="hv-muted">{words.empty.examples}</p>
    </div>
  );
}

function Overview({ sources, onOpen }: { sources: Source[]; onOpen: (key: string) => void }) {
  const [filter, setFilter] = React.useState<Filter>(NO_FILTER);
  const [order, setOrder] = React.useState<Order>({ column: "verdict", descending: false });
  const shown = React.useMemo(() => select(sources, filter, order, language.code), [sources, filter, order]);
  const sortBy = (column: Column): void =>
    setOrder((old) => ({ column, descending: old.column === column ? !old.descending : column === "last" || column === "items" || column === "findings" }));
  return (
    <>
      <Tiles sources={sources} />
      <Filters sources={sources} filter={filter} onChange={setFilter} />
      <p className="hv-muted" role="status">
        {words.shown(language.number(shown.length), language.number(sources.length))}
      </p>
      {shown.length ? (
        <SourcesTable sources={shown} order={order} onSort={sortBy} onOpen={onOpen} />
      ) : (
        <Notice kind="info">
          {words.noMatch}{" "}
          <button type="button" className="hv-button" onClick={() => setFilter(NO_FILTER)}>
            {words.clearFilters}
          </button>
        </Notice>
      )}
    </>
  );
}

function Tiles({ sources }: { sources: Source[] }) {
  const count = (test: (source: Source) => boolean): string => language.number(sources.filter(test).length);
  const tiles: [string, string, string][] = [
    [language.number(sources.length), words.tiles.sources, ""],
    [count((source) => source.verdict === "success"), words.tiles.ok, "good"],
    [count((source) => source.verdict === "failure"), words.tiles.failing, "bad"],
    [count((source) => source.findings.length > 0), words.tiles.findings, "warn"],
    [count((source) => source.findings.some(({ kind }) => ["held", "vanishing"].includes(kind))), words.tiles.vanishing, "bad"],
    [count((source) => source.verdict === "none"), words.tiles.never, ""],
  ];
  return (
    <ul className="hv-tiles">
      {tiles.map(([number, label, tone]) => (
        <li key={label} className={tone && number !== "0" ? `hv-edge-${tone}` : ""}>
          <strong>{number}</strong> {label}
        </li>
      ))}
    </ul>
  );
}

function Filters({ sources, filter, onChange }: { sources: Source[]; filter: Filter; onChange: (filter: Filter) => void }) {
  const portals = [...new Set(sources.map((source) => source.portal))].sort();
  const kinds = [...new Set(sources.flatMap((source) => source.findings.map((finding) => finding.kind)))].sort();
  const verdicts: Verdict[] = ["success", "failure", "unknown", "none"];
  return (
    <form className="hv-filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        <span>{words.search}</span>
        <input
          type="search"
          value={filter.text}
          placeholder={words.searchHint}
          onChange={(event) => onChange({ ...filter, text: event.target.value })}
        />
      </label>
      <label>
        <span>{words.filterVerdict}</span>
        <select value={filter.verdict} onChange={(event) => onChange({ ...filter, verdict: event.target.value as Verdict | "" })}>
          <option value="">{words.all}</option>
          {verdicts.map((verdict) => (
            <option key={verdict} value={verdict}>
              {words.verdict[verdict]}
            </option>
          ))}
        </select>
      </label>
      {portals.length > 1 && (
        <label>
          <span>{words.filterPortal}</span>
          <select value={filter.portal} onChange={(event) => onChange({ ...filter, portal: event.target.value })}>
            <option value="">{words.all}</option>
            {portals.map((portal) => (
              <option key={portal}>{portal}</option>
            ))}
          </select>
        </label>
      )}
      {kinds.length > 0 && (
        <label>
          <span>{words.findings}</span>
          <select value={filter.finding} onChange={(event) => onChange({ ...filter, finding: event.target.value })}>
            <option value="">{words.all}</option>
            {kinds.map((kind) => (
              <option key={kind} value={kind}>
                {words.finding[kind] ?? plain(kind, 40)}
              </option>
            ))}
          </select>
        </label>
      )}
      <label className="hv-check">
        <input type="checkbox" checked={filter.attention} onChange={(event) => onChange({ ...filter, attention: event.target.checked })} />
        <span>
          {words.filterAttention} ({language.number(sources.filter(needsAttention).length)})
        </span>
      </label>
    </form>
  );
}
