// A classic script in the head: sets the theme before the first paint, so that dark rooms are not lit up by a flash.
// Order: what was chosen on this device, else what the system prefers, followed while it changes.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem("live:theme");
    } catch {
      return null;
    }
  };
  const apply = () => {
    document.documentElement.dataset.theme = chosen() ?? (dark.matches ? "dark" : "light");
  };
  dark.addEventListener("change", apply);
  apply();
})();
