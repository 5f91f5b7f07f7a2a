/** The tab of an asset (Airflow 3.4 and newer): the harvests of the source that it stands for. */
import { get } from "../api";
import { load, readHistory } from "../model/load";
import { NOTHING, placeOf, portalOfUri, putTogether, sourceOfUri, type Asset, type Source } from "../model/sources";
import { Foreign, Notice } from "../parts/basics";
import { LoadingNotice, useLoad } from "../parts/loading";
import { language } from "../words";
import { Details } from "./SourceView";
import { SourcesTable } from "./SourcesTable";

const { words } = language;

interface View {
  asset: Asset;
  sources: Source[];
}

export function AssetTab({ assetId }: { assetId: string }) {
  const loading = useLoad(assetId, (signal) => readAsset(assetId, signal), () => null);
  if (!loading.value) return <LoadingNotice loading={loading} notFound={words.asset.gone} />;
  const { asset, sources } = loading.value;
  const named = sourceOfUri(asset.uri);
  if (!asset.uri.startsWith("harvest://")) return <Notice kind="info">{words.asset.notOurs}</Notice>;
  if (named) {
    const source = sources.find((one) => one.key === `${placeOf(named.place)}/${named.id}`);
    return source ? (
      <>
        <h1>
          <Foreign longest={200}>{source.name ?? source.id}</Foreign>
        </h1>
        <Details source={source} />
      </>
    ) : null;
  }
  if (!sources.length) return <Notice kind="info">{words.asset.nothingYet}</Notice>;
  return <Several portal={portalOfUri(asset.uri)} sources={sources} />;
}

/** What an asset of an organization or of a portal has told. */
function Several({ portal, sources }: { portal: string | null; sources: Source[] }) {
  const [open, setOpen] = React.useState<string | null>(null);
  const source = sources.find((one) => one.key === open);
  if (source) {
    return (
      <>
        <p>
          <button type="button" className="hv-button" onClick={() => setOpen(null)}>
            ← {words.back}
          </button>
        </p>
        <Details source={source} />
      </>
    );
  }
  return (
    <>
      <p>
        {words.asset.many} {portal}
      </p>
      <SourcesTable sources={sources} order={{ column: "last", descending: true }} onOpen={setOpen} />
    </>
  );
}

/** Return what Airflow knows of the asset's sources. A harvest that failed leaves no event on its own asset: what the
 * portal's asset, health tasks and the tasks themselves tell is read, too. */
async function readAsset(assetId: string, signal: AbortSignal): Promise<View> {
  const asset = await get<Asset>(`assets/${encodeURIComponent(assetId)}`, {}, signal);
  if (!asset.uri.startsWith("harvest://")) return { asset, sources: [] };
  const [named, portal] = [sourceOfUri(asset.uri), portalOfUri(asset.uri)];
  if (named || portal !== null) {
    const { known } = await load(signal);
    const key = named && `${placeOf(named.place)}/${named.id}`;
    const all = putTogether({ ...known, assets: [asset, ...known.assets.filter((one) => one.id !== asset.id)] });
    return { asset, sources: newestFirst(all.filter((source) => (key ? source.key === key : source.portal === portal))) };
  }
  const events = await readHistory([asset.id], signal);
  return { asset, sources: newestFirst(putTogether({ ...NOTHING, assets: [asset], events })) };
}

function newestFirst(sources: Source[]): Source[] {
  return sources.sort((one, other) => (other.history[0]?.at?.getTime() ?? 0) - (one.history[0]?.at?.getTime() ?? 0));
}
