/** The counters of harvests as bars, sparklines and a chart. Each has its numbers as text, too. */
import { STATUSES, type Harvest } from "../model/result";
import type { Past } from "../model/sources";
import { language } from "../words";

const { words } = language;

/** What the counters of a harvest are, in words: "40 done, 2 skipped". */
export function countsInWords(harvest: Harvest): string {
  const told = STATUSES.filter((status) => harvest.items[status] > 0);
  if (!told.length) return words.noItems;
  return told.map((status) => `${language.number(harvest.items[status])} ${words.item[status]}`).join(", ");
}

/** The counters as one bar with a legend. */
export function ItemsBar({ harvest }: { harvest: Harvest }) {
  const sum = STATUSES.reduce((total, status) => total + harvest.items[status], 0);
  return (
    <figure className="hv-items">
      <div className="hv-bar hv-bar-large" role="img" aria-label={countsInWords(harvest)}>
        {sum > 0 && <Segments harvest={harvest} />}
      </div>
      <figcaption>
        <ul className="hv-legend">
          {STATUSES.map((status) => (
            <li key={status} className={harvest.items[status] ? "" : "hv-zero"}>
              <span className={`hv-dot hv-fill-${status}`} aria-hidden="true" />
              <strong>{language.number(harvest.items[status])}</strong> {words.item[status]}
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  );
}

/** The counters as a thin bar with the numbers beside it, for a table. */
export function SmallBar({ harvest }: { harvest: Harvest }) {
  const { done, failed, archived } = harvest.items;
  return (
    <div className="hv-smallbar" title={countsInWords(harvest)}>
      <span className="hv-numbers">
        {language.number(done)}
        {failed > 0 && <span className="hv-text-bad"> · {language.number(failed)} ✕</span>}
        {archived > 0 && <span className="hv-muted"> · {language.number(archived)} ⌫</span>}
        <span className="hv-hidden"> ({countsInWords(harvest)})</span>
      </span>
      <span className="hv-bar" aria-hidden="true">
        <Segments harvest={harvest} />
      </span>
    </div>
  );
}

function Segments({ harvest }: { harvest: Harvest }) {
  return (
    <>
      {STATUSES.filter((status) => harvest.items[status] > 0).map((status) => (
        <span key={status} className={`hv-fill-${status}`} style={{ flexGrow: harvest.items[status] }} />
      ))}
    </>
  );
}

const LAST = 30;
const WIDTH = 4;
const HEIGHT = 20;

/** The last harvests as small columns, the newest on the right: their height is the number of items. */
export function Sparkline({ history }: { history: Past[] }) {
  const shown = history.slice(0, LAST).reverse();
  if (!shown.length) return <span className="hv-muted">{words.noHistory}</span>;
  const most = Math.max(1, ...shown.map((past) => past.total));
  const columns = (isGood: boolean): string =>
    shown
      .map((past, index) => {
        if ((past.outcome === "success") !== isGood) return "";
        const height = Math.max(3, Math.round((past.total / most) * HEIGHT));
        return `M${index * WIDTH + 1} ${HEIGHT}v-${height}h${WIDTH - 1}v${height}z`;
      })
      .join("");
  const failed = shown.filter((past) => past.outcome !== "success").length;
  return (
    <svg
      className="hv-spark"
      width={LAST * WIDTH + 1}
      height={HEIGHT}
      role="img"
      aria-label={words.historyOf(language.number(shown.length), language.number(failed))}
    >
      <path className="hv-path-good" d={columns(true)} />
      <path className="hv-path-bad" d={columns(false)} />
    </svg>
  );
}

const CHART = { width: 720, height: 160, left: 44, bottom: 22 };

/** The history of a source as stacked columns. The table below it has the same numbers. */
export function Chart({ history }: { history: Past[] }) {
  const shown = history.slice(0, 60).reverse();
  const most = Math.max(1, ...shown.map((past) => STATUSES.reduce((sum, status) => sum + past.items[status], 0)));
  const room = { width: CHART.width - CHART.left, height: CHART.height - CHART.bottom - 8 };
  const step = Math.min(28, room.width / Math.max(shown.length, 1));
  const y = (value: number): number => 8 + room.height * (1 - value / most);
  const first = shown[0]?.at;
  const last = shown[shown.length - 1]?.at;
  const begin = CHART.width - step * shown.length;
  return (
    <svg className="hv-chart" viewBox={`0 0 ${CHART.width} ${CHART.height}`} role="img" aria-label={words.chart}>
      {[0, most / 2, most].map((value) => (
        <g key={value}>
          <line className="hv-grid" x1={CHART.left} x2={CHART.width} y1={y(value)} y2={y(value)} />
          {(value === most || value === 0 || most > 1) && (
            <text className="hv-axis" x={CHART.left - 6} y={y(value) + 4} textAnchor="end">
              {language.number(Math.round(value))}
            </text>
          )}
        </g>
      ))}
      {shown.map((past, index) => {
        let sum = 0;
        return (
          <g key={past.jobId ?? index}>
            <title>{`${past.at ? language.moment(past.at) : "—"}: ${countsInWords(past)}`}</title>
            {STATUSES.map((status) => {
              const from = sum;
              sum += past.items[status];
              const height = y(from) - y(sum);
              return height > 0 ? (
                <rect
                  key={status}
                  className={`hv-svg-${status}`}
                  x={begin + index * step + 1}
                  width={Math.max(1, step - 2)}
                  y={y(sum)}
                  height={height}
                />
              ) : null;
            })}
            {past.outcome === "failure" && (
              <text className="hv-cross" x={begin + (index + 0.5) * step} y={Math.max(8, y(sum) - 3)} textAnchor="middle">
                ✕
              </text>
            )}
          </g>
        );
      })}
      {first && last && shown.length > 1 && (
        <>
          <text className="hv-axis" x={Math.min(begin, CHART.width - 230)} y={CHART.height - 4}>
            {language.moment(first)}
          </text>
          <text className="hv-axis" x={CHART.width} y={CHART.height - 4} textAnchor="end">
            {language.moment(last)}
          </text>
        </>
      )}
    </svg>
  );
}
