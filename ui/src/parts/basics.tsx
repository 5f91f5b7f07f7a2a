/** Small parts that all views share. */
import { plain, webAddress } from "../safe";
import css from "../style.css?inline";
import { instantOf, language } from "../words";

const { words } = language;

/** The frame of a page of ours: its look, and the sentence for an error of its own in the place of a blank page. */
export function Frame({ children, label }: { children: React.ReactNode; label: string }) {
  return (
    <section className="hv" lang={language.code} aria-label={label}>
      <style>{css}</style>
      <Boundary>{children}</Boundary>
    </section>
  );
}

class Boundary extends React.Component<{ children: React.ReactNode }, { broken: boolean }> {
  override state = { broken: false };
  static getDerivedStateFromError() {
    return { broken: true };
  }
  override componentDidCatch(error: unknown) {
    console.error("harvest pages:", error);
  }
  override render() {
    return this.state.broken ? <Notice kind="bad">{words.error.script}</Notice> : this.props.children;
  }
}

/** A sentence of its own: what is missing, or what went wrong and what to do. */
export function Notice({ kind, children }: { kind: "info" | "warn" | "bad"; children: React.ReactNode }) {
  return (
    <div className={`hv-notice hv-${kind}`} role={kind === "bad" ? "alert" : "status"}>
      {children}
    </div>
  );
}

/** A link to the web in a new tab; plain text where the address is not http(s). */
export function WebLink({ to, children }: { to: unknown; children: React.ReactNode }) {
  const href = webAddress(to);
  if (!href) return <>{children}</>;
  return (
    <a className="hv-link" href={href} target="_blank" rel="noopener noreferrer">
      {children}
      <span aria-hidden="true"> ↗</span>
    </a>
  );
}

/** A moment in the viewer's zone; UTC on hover. */
export function Moment({ value, ago = false, now }: { value: Date | string | null; ago?: boolean; now?: Date }) {
  const instant = value instanceof Date ? value : instantOf(value);
  if (!instant) return <>—</>;
  const text = ago ? language.ago(instant, now ?? new Date()) : language.moment(instant);
  const title = ago ? `${language.moment(instant)} · ${language.utc(instant)}` : language.utc(instant);
  return (
    <time dateTime={instant.toISOString()} title={title}>
      {text}
    </time>
  );
}

/** When the portal harvests a source next by itself; its cron on hover. */
export function NextRun({ schedule, next, ago = false, now }: { schedule: string | null; next: Date | null; ago?: boolean; now?: Date }) {
  if (!schedule) return <span title={words.noNextRun}>—</span>;
  if (!next) return <Foreign longest={40}>{schedule}</Foreign>;
  const text = ago ? language.ago(next, now ?? new Date()) : language.moment(next);
  const title = `${language.moment(next)} · ${language.utc(next)} · ${words.cron(plain(schedule, 40))}`;
  return (
    <time dateTime={next.toISOString()} title={title}>
      {text}
    </time>
  );
}

/** A link to another page of this Airflow. */
export function HostLink({ path, children }: { path: string; children: React.ReactNode }) {
  return (
    <a className="hv-link" href={new URL(path, document.baseURI).href}>
      {children}
    </a>
  );
}

export type Tone = "good" | "bad" | "warn" | "calm" | "busy";
const MARKS: Record<Tone, string> = { good: "✓", bad: "✕", warn: "!", calm: "–", busy: "…" };

/** A coloured label whose meaning does not rest on the colour. */
export function Badge({ tone, children, title }: { tone: Tone; children: React.ReactNode; title?: string }) {
  return (
    <span className={`hv-badge hv-tone-${tone}`} title={title}>
      <span className="hv-mark" aria-hidden="true">
        {MARKS[tone]}
      </span>
      {children}
    </span>
  );
}

export function VerdictBadge({ verdict }: { verdict: "success" | "failure" | "unknown" | "none" }) {
  const tone: Tone = verdict === "success" ? "good" : verdict === "failure" ? "bad" : "calm";
  return <Badge tone={tone}>{words.verdict[verdict]}</Badge>;
}

export function Card({ title, children, tone }: { title: string; children: React.ReactNode; tone?: Tone }) {
  return (
    <section className={`hv-card ${tone ? `hv-edge-${tone}` : ""}`}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** What a stranger wrote, as text; breaks long words. */
export function Foreign({ children, longest }: { children: unknown; longest?: number }) {
  return (
    <bdi className="hv-foreign">{plain(children, longest)}</bdi>
  );
}

export function Facts({ rows }: { rows: [string, React.ReactNode][] }) {
  const given = rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return (
    <dl className="hv-facts">
      {given.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
