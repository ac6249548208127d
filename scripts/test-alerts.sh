#!/bin/sh
# Checks and tests the rules of Config/prometheus with promtool; each alert must have a test that fires it, and the
# tests must notice when an alert can no longer fire. Says so where promtool is missing; that is a failure only with
# REQUIRE_PROMTOOL=1.
set -eu
cd "$(dirname "$0")/../Config/prometheus"

if ! command -v promtool >/dev/null 2>&1; then
    ../../scripts/say.sh "alert rules not tested: no promtool on PATH (apt-get install prometheus)"
    [ "${REQUIRE_PROMTOOL:-0}" = 1 ] && exit 1
    exit 0
fi
../../scripts/say.sh "testing the alert rules"
promtool check config prometheus.yml >/dev/null
promtool test rules tests.yml >/dev/null || promtool test rules tests.yml

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp recording.yml tests.yml "$work"
missed=""
for alert in $(sed -n 's/^ *- alert: //p' alerts.yml); do
    # This one alert made unable to fire: its condition asks for a metric that nobody has.
    awk -v alert="$alert" '
        /- alert: / { within = ($3 == alert); gone = 0 }
        within && /^ *expr:/ { print "        expr: absent_metric == 1"; gone = 1; next }
        within && gone && /^          / { next }
        { gone = 0; print }' alerts.yml >"$work/alerts.yml"
    promtool check rules "$work/alerts.yml" >/dev/null
    if (cd "$work" && promtool test rules tests.yml >/dev/null 2>&1); then missed="$missed $alert"; fi
done
[ -z "$missed" ] || { echo "no test fires:$missed" >&2; exit 1; }
echo "$(grep -c -- '- alert:' alerts.yml) alerts, each tested"
