/** What Airflow leaves among the globals beside React (3.1 and newer). */
declare const ReactRouterDOM: {
  useSearchParams: () => [URLSearchParams, (next: URLSearchParams, options?: { replace?: boolean }) => void];
};
