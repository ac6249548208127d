"""The SDK's pure parts and its connection machine, run inside Chromium as the modules that users get."""

import pytest

SUITES = ["model", "machines", "link", "tabs"]


@pytest.mark.parametrize("suite", SUITES)
def test_sdk_units(suite, server, open_page, unit_files):
    page = open_page(server.url + "/app/theme.js")
    unit_files(page)
    results = page.evaluate("async (path) => (await (await import(path)).run())", f"/__units/{suite}.js")
    failed = [f"{result['name']}: {result['error']}" for result in results if result["error"]]
    assert len(results) >= 2, "the suite did not register its tests"
    assert not failed, "\n\n".join(failed)
