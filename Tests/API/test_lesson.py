"""A whole lesson on three transports: whatever anybody sends or receives in it is what the AsyncAPI document says, and
every event, op and reply of the document comes about in it.
"""

import asyncio
import contextlib
import sqlite3

import documents
from node import Node
from people import Person, PollPerson, SocketPerson, StreamPerson

ROOM = "demo/cs101/live"


def people(node):
    def of(kind, sub, role):
        return kind(node, node.token(sub, role), ROOM)

    return (of(SocketPerson, "ms-k", "instructor"), of(SocketPerson, "helper", "assistant"),
            of(SocketPerson, "ada", "student"), of(StreamPerson, "ben", "student"), of(PollPerson, "cid", "student"),
            of(SocketPerson, "guest", "observer"))


async def chat(teacher, ada, ben, cid, guest):
    said = await ada.send("chat_send", text="Hello <b>all</b> \U0001f44b \u2028 \\ \"")
    await ben.post("chat_send", text="Hi", reply_to=said["message"])
    await cid.post("chat_react", message=said["message"], emoji="👍")
    await ada.send("chat_react", message=said["message"], emoji="👍", on=True)
    await ada.send("chat_react", message=said["message"], emoji="👍", on=False)
    await ada.send("chat_send", id="twice", text="once")
    await ada.send("chat_send", id="twice", text="once")
    await ada.send("chat_send", "conflict", id="twice", text="other")
    await guest.send("chat_send", "forbidden", text="may I?")
    await ada.send("chat_delete", "forbidden", message=said["message"])
    await teacher.send("chat_delete", message=said["message"])
    await teacher.send("chat_delete", "not_found", message="m999999")
    await ben.event("chat_deleted")
    for mode, more in (("slow", {"slow_s": 2}), ("moderators", {}), ("off", {}), ("open", {})):
        await teacher.send("chat_mode", mode=mode, **more)
    await teacher.send("mute", participant="ada")
    await ada.event("you", lambda event: event["muted"])
    await ada.send("chat_send", "muted", text="muted")
    await teacher.send("unmute", participant="ada")
    await ada.event("you", lambda event: not event["muted"])


async def polls(teacher, ada, ben, cid):
    quiz = await teacher.send("poll_open", question="2+2?", kind="quiz", options=["3", "4"], correct=[1], show="live")
    await ada.send("poll_answer", poll=quiz["poll"], attempt_id="a1", choice=1)
    await ada.send("poll_answer", poll=quiz["poll"], attempt_id="a1", choice=1)
    await ada.send("poll_answer", "already_answered", poll=quiz["poll"], attempt_id="a2", choice=0)
    await ben.post("poll_answer", poll=quiz["poll"], attempt_id="b1", choice=0)
    await ada.event("poll_tally")
    several = await teacher.send(
        "poll_open", question="Which?", kind="multiple", options=["a", "b", "c"], allow_change=True, anonymous=True,
        duration_s=3600)
    await cid.post("poll_answer", poll=several["poll"], attempt_id="c1", choices=[0, 2])
    await cid.post("poll_answer", poll=several["poll"], attempt_id="c2", choices=[1])
    for poll, reveal in ((quiz["poll"], True), (several["poll"], False)):
        await teacher.send("poll_close", poll=poll, reveal=reveal)
        await teacher.event("poll_results", lambda event: event["poll"] == poll and event["final"])
    await ada.send("poll_answer", "closed", poll=several["poll"], attempt_id="late", choice=0)


async def questions(teacher, helper, ada, ben):
    asked = await ada.send("question_ask", text="Why?")
    hidden = await ben.post("question_ask", text="And who?", anonymous=True)
    await ben.post("question_upvote", question=asked["question"])
    await helper.send("question_answer", question=asked["question"], text="Because.")
    await helper.send("question_dismiss", question=hidden["question"])
    await ada.send("hand_raise")
    await helper.send("hand_call", participant="ada")
    await helper.send("hand_lower", participant="ada")
    await ben.post("hand_raise")
    await ben.post("hand_lower")
    await teacher.send("announce", text="Homework", link="https://example.org/page?1")
    await teacher.send("announce", text="No link")
    await ben.event("announcement", lambda event: "link" not in event)


async def trouble(node, teacher, ada):
    """The ballot store is held by somebody else: receipts say `node`, everybody is told, and told when it is over."""
    poll = (await teacher.send("poll_open", question="Held?", kind="single", options=["a", "b"]))["poll"]
    with contextlib.closing(sqlite3.connect(node.data / "live.db", timeout=30, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        receipt = await ada.send("poll_answer", poll=poll, attempt_id="held", choice=0)
        assert receipt["durable"] == "node"
        await ada.event("degraded", lambda event: event["degraded"])
        holder.execute("ROLLBACK")
    await ada.event("ballot_stored")
    await ada.event("degraded", lambda event: not event["degraded"])
    await teacher.send("poll_close", poll=poll)
    await teacher.event("poll_results", lambda event: event["poll"] == poll and event["final"])


async def heartbeats(ada, ben, cid):
    await ada.send("heartbeat", seq=ada.seq, lag_ms=3, transport="websocket", failed_connects=0, focus=True,
                   position_sec=12.5)
    await ben.post("heartbeat", seq=ben.seq, transport="sse", video_error="MEDIA_ERR_DECODE")
    await cid.post("heartbeat", seq=1, transport="longpoll", failed_connects=1)


async def switches(node, ada):
    """An operator switches hands off and on again; everybody is told."""
    for word in ("off", "on"):
        await asyncio.to_thread(node.command, "set", f"hands={word}", "--room", ROOM)
        await ada.event("features", lambda event: event["off"] == (["hands"] if word == "off" else []))
        if word == "off":
            await ada.send("hand_raise", "forbidden")


async def renewals(node, ada):
    """A token that ends soon is announced and renewed while its holder is inside."""
    short = SocketPerson(node, node.token("short", "student", ttl="8s"), ROOM)
    async with short:
        await short.event("welcome")
        await short.event("auth_expiring")
        await short.send("auth", "unauthenticated", token="bad.token.here")
        await short.send("auth", "forbidden", token=ada.token)
        await short.send("auth", token=node.token("short", "student"))
    await ada.post("auth", token=ada.token)


async def wrong(ada):
    for text in ("{", "[]", "{}", '{"op":"chat_send"}', '{"op":"hand_raise","id":"a","id":"b"}'):
        await ada.nonsense(text)
    await ada.send("no_such_op", "bad_request")
    await ada.send("chat_send", "bad_request", text=7)


async def lesson(node):
    teacher, helper, ada, ben, cid, guest = people(node)
    await cid.poll()
    async with teacher, helper, ben, guest:
        async with ada:
            await asyncio.gather(*(one.event("welcome") for one in (teacher, helper, ada, guest)))
            await chat(teacher, ada, ben, cid, guest)
            await polls(teacher, ada, ben, cid)
            await cid.poll()
        async with ada:
            await ada.event("resumed")
            await questions(teacher, helper, ada, ben)
            await trouble(node, teacher, ada)
            await heartbeats(ada, ben, cid)
            await renewals(node, ada)
            await switches(node, ada)
            await wrong(ada)
            await teacher.send("room_lock")
            await teacher.send("room_lock", locked=False)
            await teacher.send("remove", participant="guest")
            await teacher.send("ban", participant="ben")
            assert (await ben.event("closed"))["code"] == 4403
            await teacher.event("presence", lambda event: event.get("left"))
            await teacher.send("room_end")
            await ada.event("room_ended")
            await ada.send("chat_send", "closed", text="too late")
        late = SocketPerson(node, node.token("late", "assistant"), ROOM)
        async with late:
            await late.event("welcome")
        await cid.poll()
    record = await asyncio.to_thread(node.ask, "GET", f"/v1/rooms/{ROOM}/record", None, None, teacher.token)
    assert not documents.faults(record.json(), {"$ref": "#/components/schemas/Record"})
    told = {event["ev"] for event in record.json()["events"]}
    mapping = documents.OPENAPI["components"]["schemas"]["LogEvent"]["discriminator"]["mapping"]
    assert told == set(mapping), "the record knows every event of the log"


def test_a_whole_lesson_is_as_documented():
    node = Node("store.answer_timeout_ms=300", "limits.student_rate=1000", "limits.student_burst=1000")
    try:
        asyncio.run(lesson(node))
    finally:
        node.end()
    assert not Person.faults, "\n".join(Person.faults[:20])
    assert Person.seen["event"] == documents.names("event")
    assert Person.seen["command"] - {"no_such_op"} == documents.names("command")
    assert Person.seen["reply"] == documents.names("reply")
