#!/bin/bash
# curl -N with a reader of lines. Words as in sse_httpx.py.
read_events() {
    local url=$1 token=$2 last=${3:-} id=- data="" line
    local headers=(-H "Authorization: Bearer $token" -H "Accept: text/event-stream")
    [ -z "$last" ] || headers+=(-H "Last-Event-ID: $last")
    echo open
    while IFS= read -r line; do
        case $line in
        "id: "*) id=${line#id: } ;;
        "data: "*) data=${line#data: } ;;
        "") [ -z "$data" ] || printf 'event %s %s\n' "$id" "$data"; id=- data="" ;;
        esac
    done < <(curl -sN --noproxy '*' "${headers[@]}" "$url")
    echo closed
}

while IFS= read -r words; do
    # shellcheck disable=SC2086 # words are meant to split
    set -- $words
    [ "$1" != connect ] || { shift; read_events "$@" & }
done
kill $(jobs -p) 2>/dev/null
exit 0
