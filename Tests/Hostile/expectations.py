"""What is promised to each attacker: statuses, close codes and times of Docs/protocol.md and of the settings."""

STATUSES = {
    "head": 431, "headers": 431, "target": 414, "no_host": 400, "two_hosts": 400, "smuggled": 400, "two_lengths": 400,
    "fold": 400, "space_name": 400, "bare_lf": 400, "nul": 400, "body": 413, "length_overflow": 400,
    "chunk_extension": 400, "chunk_size": 400, "trailer": 431, "version": 505, "method": 405, "tls": 400,
}
CLOSES = {
    "floods.tiny_fragments": "closed 1009", "floods.binary": "closed 1003", "floods.unmasked": "closed 1002",
    "floods.too_large": "closed 1009", "floods.bombs": "closed 1009", "floods.broken_deflate": "closed 1007",
    "floods.small_bombs": "closed 1009", "floods.closes": "closed 1000",
}


MALFORMED = {"floods.bad_json", "floods.empty_messages", "floods.unknown_ops", "floods.deep_json"}


def of(name, facts):
    """Pairs of whether a promise was kept, and the promise."""
    if "error" in facts:
        return [(False, facts["error"])]
    found = []
    if name in CLOSES:
        wanted = CLOSES[name]
        # A reset overtakes the close frame where the attacker goes on sending: it was told, but may not have heard.
        wrong = {how: n for how, n in facts["ends"].items() if how not in (wanted, "reset", "closed 0")}
        found.append((not wrong, f"all are {wanted} {wrong or ''}"))
    if name in MALFORMED:
        # Closed after a hundred of them; before that it is read ever more seldom.
        wrong = {how: n for how, n in facts["ends"].items() if how not in ("closed 1008", "reset", "stayed")}
        found.append((not wrong, f"who sends nothing else is closed with 1008, or waits {wrong or ''}"))
    if name.startswith("slow.") and "ended" in facts and name != "slow.frame_in_drops":
        found.append((facts["ended"] == facts["of"], f"all of {facts['of']} are ended ({facts['ended']})"))
    if name in ("slow.head", "slow.idle"):
        found.append((facts["last_s"] < 5, f"within the time for a head ({facts['last_s']} s)"))
    if name in ("slow.head", "slow.body", "slow.chunked_body"):
        found.append((set(facts["statuses"]) <= {"408"}, f"with 408 ({facts['statuses']})"))
    if name == "slow.frame_in_drops":
        found.append((facts["ended"] == 0, "who is slow but in time is left alone"))
    if name == "slow.silent":
        found.append((facts["last_s"] < 10, f"within the time for silence ({facts['last_s']} s)"))
    if name == "requests.refusals":
        wrong = {key: status for key, status in facts["statuses"].items() if status != STATUSES[key]}
        found.append((not wrong, f"each is refused with its status {wrong or ''}"))
    if name == "crowds.tokens":
        found.append((set(facts["statuses"]) <= {"401", "429"}, f"bad tokens get 401, then 429 ({facts['statuses']})"))
        found.append((facts["statuses"].get("401", 0) <= 100, "and soon only 429"))
        found.append((set(facts["good"]) == {"101"}, f"good tokens are taken meanwhile ({facts['good']})"))
    if name in ("crowds.codes", "crowds.teachers"):
        told = facts["statuses"]
        found.append((set(told) <= {"401", "403", "404", "429"}, f"guesses are refused ({told})"))
        found.append((told.get("429", 0) > 0, "and soon limited"))
    if name == "crowds.codes":
        found.append((set(facts["elsewhere"]) == {"200"}, f"elsewhere the class is open ({facts['elsewhere']})"))
    if name == "crowds.resumes":
        found.append((facts["welcomed"] == facts["tries"], "who guesses is welcomed anew, nothing is replayed"))
    return found
