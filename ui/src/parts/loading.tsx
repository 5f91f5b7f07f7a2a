/** Loads what a view shows, again from time to time where asked to, and says what went wrong where it cannot. */
import { ApiError } from "../api";
import { language } from "../words";
import { Notice } from "./basics";

const { words } = language;

export interface Loading<T> {
  value: T | null;
  error: unknown;
  isLoading: boolean;
  again: () => void;
}

/** Load a value, and again when `key` changes, when asked to, and after `pause(value)` milliseconds where that is a number. */
export function useLoad<T>(key: string, read: (signal: AbortSignal) => Promise<T>, pause: (value: T) => number | null): Loading<T> {
  const [state, set] = React.useState<{ key: string; value: T | null; error: unknown; isLoading: boolean }>({
    key,
    value: null,
    error: null,
    isLoading: true,
  });
  const [round, setRound] = React.useState(0);
  React.useEffect(() => {
    const control = new AbortController();
    let timer = 0;
    set((old) => ({ ...(old.key === key ? old : { key, value: null, error: null }), isLoading: true }));
    read(control.signal).then(
      (value) => {
        if (control.signal.aborted) return;
        set({ key, value, error: null, isLoading: false });
        const wait = pause(value);
        if (wait !== null) timer = window.setTimeout(() => setRound((old) => old + 1), wait);
      },
      (error: unknown) => {
        if (control.signal.aborted) return;
        // What was shown before stays; a page that follows a task goes on trying.
        set((old) => ({ ...old, error, isLoading: false }));
        if (!(error instanceof ApiError)) console.error("harvest pages:", error);
      },
    );
    return () => {
      control.abort();
      window.clearTimeout(timer);
    };
  }, [key, round]);
  const isOld = state.key !== key;
  return {
    value: isOld ? null : state.value,
    error: isOld ? null : state.error,
    isLoading: isOld || state.isLoading,
    again: () => setRound((old) => old + 1),
  };
}

/** What a view says while there is nothing else to show: that it loads, or why it cannot. */
export function LoadingNotice({ loading, notFound }: { loading: Loading<unknown>; notFound?: string }) {
  if (loading.error !== null) {
    return (
      <Notice kind="bad">
        {sentence(loading.error, notFound)}{" "}
        <button type="button" className="hv-button" onClick={loading.again}>
          {words.reload}
        </button>
      </Notice>
    );
  }
  return (
    <p className="hv-muted" role="status">
      {words.loading}
    </p>
  );
}

function sentence(error: unknown, notFound?: string): string {
  if (!(error instanceof ApiError)) return words.error.script;
  if (error.status === 404 && notFound) return notFound;
  if (error.status === 0 || error.status === 401 || error.status === 403 || error.status === 404) return words.error[error.status];
  return words.error.other(String(error.status));
}
