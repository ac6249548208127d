// The smallest test runner that fits: tests register by name, `run` gives [{name, error}] for the page's driver.

const TEST_MS = 20_000;
const tests = [];

export function test(name, body) {
  tests.push({ name, body });
}

export function equal(actual, expected, what = "") {
  const a = JSON.stringify(actual);
  const b = JSON.stringify(expected);
  if (a !== b) throw new Error(`${what} expected ${b}, got ${a}`);
}

export function ok(condition, what) {
  if (!condition) throw new Error(what);
}

/** Waits for a condition, at most `ms`. */
export async function until(condition, what, ms = 5_000) {
  const end = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`timed out waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Numbers in [0, 1) from a seed (mulberry32), so that a failure can be run again. */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export async function run() {
  const results = [];
  for (const { name, body } of tests.splice(0)) {
    try {
      await Promise.race([body(), new Promise((_, reject) => {
        setTimeout(() => reject(new Error(`took longer than ${TEST_MS} ms`)), TEST_MS);
      })]);
      results.push({ name, error: null });
    } catch (error) {
      results.push({ name, error: `${error.message}\n${error.stack}` });
    }
  }
  return results;
}
