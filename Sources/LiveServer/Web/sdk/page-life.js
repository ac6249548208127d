// Owns what the browser says about a page: looked at, put away, network back, network gone. Never acts on it.

/**
 * Calls `look` when somebody looks at the page again or the network changes, `save` when it is put away, `rest` when
 * it is left (it may come back from the browser's cache) and `back` when it does. Gives a function that ends it.
 */
export function followPage({ look, save, rest, back }) {
  const ears = new AbortController();
  const { signal } = ears;
  addEventListener("online", look, { signal });
  addEventListener("offline", look, { signal });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") look();
    else save();
  }, { signal });
  addEventListener("pagehide", rest, { signal });
  addEventListener("pageshow", ({ persisted }) => persisted && back(), { signal });
  return () => ears.abort();
}
