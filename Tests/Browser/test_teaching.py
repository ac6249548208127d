"""What a teacher does, and what students see of it: quiz with a timer, hands, moderation, lock, the end."""

import json
import pathlib
import time

import pytest
from playwright.sync_api import expect

from people import Crowd, Student, Teacher


@pytest.fixture()
def pair(server, open_page):
    teacher = Teacher.starts(open_page(server.url + "/", 1440, 900))
    ada = Student.joins(open_page(f"{server.url}/join#c={teacher.code()}", 1280, 800), "Ada")
    expect(teacher.page.locator(".people-count span")).to_have_text("2")
    return teacher, ada


def menu(person, opener, entry):
    opener.click()
    person.page.get_by_role("menuitem", name=entry, exact=True).click()


def test_a_quiz_with_a_timer_closes_by_itself_and_then_shows_what_is_correct(pair):
    teacher, ada = pair
    page = teacher.page
    page.get_by_label("Your question").fill("Two and two?")
    page.get_by_role("button", name="Own answers").click()
    page.get_by_role("group", name="Kind").get_by_role("button", name="Quiz").click()
    page.get_by_label("Answer A", exact=True).fill("Four")
    page.get_by_label("Answer B", exact=True).fill("Five")
    page.get_by_label("Answer A is correct").check()
    page.get_by_role("button", name="30 s").click()
    page.get_by_role("button", name="Start poll").click()
    ada.answers("Two and two?", "Five")
    ada.page.get_by_role("button", name="Send answer").click()
    ada.awaits_receipt("Two and two?")
    card = ada.poll("Two and two?")
    expect(card.locator(".timer")).to_be_visible()
    assert "Correct" not in card.inner_text()
    expect(card.locator(".chip")).to_have_text("Closed", timeout=40_000)
    ada.awaits_figures("Two and two?", ["0", "1"])
    expect(card.locator("tr[data-correct=true]")).to_contain_text("Four")
    expect(card.locator("tr[data-mine]")).to_contain_text("Five")


def test_a_double_click_starts_one_poll(pair):
    teacher, ada = pair
    page = teacher.page
    polls = page.locator(".poll")
    page.get_by_role("button", name="Yes / No").dblclick()
    expect(polls).to_have_count(1)
    # The same again before the first has been answered.
    page.get_by_role("button", name="A – D").evaluate("button => { button.click(); button.click(); }")
    expect(polls).to_have_count(2)
    page.get_by_label("Your question").fill("Which one?")
    page.get_by_role("button", name="Own answers").click()
    page.get_by_label("Answer A", exact=True).fill("Red")
    page.get_by_label("Answer B", exact=True).fill("Blue")
    page.get_by_role("button", name="Start poll").dblclick()
    expect(polls).to_have_count(3)
    ada.says("All polls are here")
    teacher.awaits_log(["All polls are here"])
    expect(polls).to_have_count(3)


def test_several_answers_and_a_changed_one(pair):
    teacher, ada = pair
    page = teacher.page
    page.get_by_label("Your question").fill("Which ones?")
    page.get_by_role("button", name="Own answers").click()
    page.get_by_role("group", name="Kind").get_by_role("button", name="Several answers").click()
    page.get_by_label("Answer A", exact=True).fill("Red")
    page.get_by_label("Answer B", exact=True).fill("Blue")
    page.get_by_label("Answers may be changed").check()
    page.get_by_label("Show counts while it runs").check()
    page.get_by_role("button", name="Start poll").click()
    ada.answers("Which ones?", "Red")
    ada.answers("Which ones?", "Blue")
    ada.page.get_by_role("button", name="Send answer").click()
    ada.awaits_receipt("Which ones?")
    expect(teacher.poll("Which ones?").locator(".bar-count")).to_have_text(["1", "1"])
    ada.answers("Which ones?", "Red")
    ada.page.get_by_role("button", name="Send answer").click()
    ada.awaits_receipt("Which ones?")
    expect(teacher.poll("Which ones?").locator(".bar-count")).to_have_text(["0", "1"])


def test_hands_go_up_in_order_are_called_and_lowered(pair, server, open_page):
    teacher, ada = pair
    grace = Student.joins(open_page(f"{server.url}/join#c={teacher.code()}", 390, 844), "Grace")
    ada.page.get_by_role("button", name="Raise hand").click()
    expect(ada.page.locator(".hand-button")).to_contain_text("Hand up · 1")
    grace.page.get_by_role("button", name="Raise hand").click()
    expect(grace.page.locator(".hand-button")).to_contain_text("Hand up · 2")
    expect(teacher.page.locator(".hand .name")).to_have_text(["Ada", "Grace"])
    teacher.page.locator(".hand", has_text="Ada").get_by_role("button", name="Call").click()
    expect(ada.page.locator(".hand-button")).to_contain_text("Your turn")
    expect(grace.page.locator(".hand-button")).to_contain_text("Hand up · 1")
    teacher.page.get_by_role("button", name="Lower Ada's hand").click()
    expect(ada.page.locator(".hand-button")).to_contain_text("Raise hand")
    grace.page.locator(".hand-button").click()
    expect(teacher.page.locator(".hands-panel")).to_be_hidden()


def test_reactions_replies_and_deletion(pair):
    teacher, ada = pair
    teacher.says("React to this")
    ada.awaits_log(["React to this"])
    row = ada.page.locator(".message").first
    row.hover()
    menu(ada, row.get_by_role("button", name="Message by Teacher"), "Applause")
    expect(teacher.page.locator(".reaction")).to_have_text("👏1")
    teacher.page.locator(".reaction").click()
    expect(ada.page.locator(".reaction")).to_have_text("👏2")
    ada.page.locator(".reaction").click()
    expect(teacher.page.locator(".reaction")).to_have_text("👏1")
    row.hover()
    menu(ada, row.get_by_role("button", name="Message by Teacher"), "Reply")
    ada.says("A reply")
    expect(teacher.page.locator(".quote").last).to_contain_text("React to this")
    reply = teacher.page.locator(".message").last
    reply.hover()
    menu(teacher, reply.get_by_role("button", name="Message by Ada"), "Delete for everybody")
    ada.awaits_log(["React to this", "Message deleted"])
    ada.page.reload()
    ada.is_in()
    ada.awaits_log(["React to this", "Message deleted"])


def test_mute_chat_modes_and_slow_mode_close_the_composer_and_say_why(pair):
    teacher, ada = pair
    box = ada.page.get_by_label("Write a message")
    note = ada.page.locator(".chat .composer-note")
    teacher.page.locator(".people-count").click()
    person = teacher.page.locator(".person", has_text="Ada")
    menu(teacher, person.get_by_role("button", name="Actions for Ada"), "Mute")
    expect(box).to_be_disabled()
    expect(note).to_have_text("You are muted.")
    menu(teacher, person.get_by_role("button", name="Actions for Ada"), "Let write again")
    expect(box).to_be_enabled()
    teacher.page.locator(".people-panel .drawer-close").click()
    rule = teacher.page.get_by_role("button", name="Who may write")
    menu(teacher, rule, "Teachers only")
    expect(note).to_have_text("Only teachers write at the moment.")
    menu(teacher, rule, "Chat off")
    expect(note).to_have_text("The chat is switched off.")
    menu(teacher, rule, "Slow: one message in 10 s each")
    expect(box).to_be_enabled()
    ada.says("One")
    expect(note).to_contain_text("Slow mode")
    ada.awaits_log(["One"])


def test_in_a_large_class_who_comes_late_is_found_and_moderated(own_server, open_page):
    teacher = Teacher.starts(open_page(own_server.url + "/", 1440, 900))
    page = teacher.page
    crowd = Crowd(own_server.url, teacher.code())
    try:
        for number in range(110):
            crowd.joins(f"Student {number:03}")
        expect(page.locator(".people-count span")).to_have_text("111")
        # Who was there from the start knows everybody by their coming; who enters later pages.
        page.reload()
        teacher.is_in()
        page.locator(".people-count").click()
        expect(page.locator(".person")).to_have_count(100)
        page.get_by_label("Find a name").fill("late")
        expect(page.get_by_text("Nobody shown so far has that name.")).to_be_visible()
        expect(page.get_by_role("button", name="Show more")).to_be_visible()
        crowd.joins("Latecomer")
        late = page.locator(".person")
        expect(late).to_have_count(1)
        menu(teacher, late.get_by_role("button", name="Actions for Latecomer"), "Remove")
        page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
        expect(late).to_have_count(0)
        page.get_by_label("Find a name").fill("")
        page.get_by_role("button", name="Show more").click()
        expect(page.locator(".person")).to_have_count(111)
    finally:
        crowd.close()


def test_the_chat_log_stays_as_it_is_while_people_come_and_go(pair, server, open_page):
    teacher, ada = pair
    teacher.says("Quote me")
    ada.awaits_log(["Quote me"])
    row = ada.page.locator(".message").first
    row.hover()
    menu(ada, row.get_by_role("button", name="Message by Teacher"), "Reply")
    ada.says("A reply")
    ada.awaits_log(["Quote me", "A reply"])
    # A screen reader says what changes in there.
    ada.page.evaluate("""() => {
        globalThis.changes = [];
        new MutationObserver((list) => changes.push(...list.map(({ type, target }) => type + " " + target.className)))
            .observe(document.querySelector("[role=log]"), { subtree: true, childList: true, characterData: true });
    }""")
    grace = Student.joins(open_page(f"{server.url}/join#c={teacher.code()}", 390, 844), "Grace")
    grace.awaits_log(["Quote me", "A reply"])
    expect(ada.page.locator(".people-count span")).to_have_text("3")
    assert ada.page.evaluate("changes") == []


def test_an_announcement_reaches_everybody_until_it_is_put_away(pair):
    teacher, ada = pair
    teacher.page.get_by_role("button", name="Announce").click()
    teacher.page.get_by_label("Text").fill("Break until ten")
    teacher.page.get_by_label("Link (optional)").fill("https://example.org/")
    teacher.page.get_by_role("dialog").get_by_role("button", name="Announce").click()
    banner = ada.page.locator(".announcement")
    expect(banner).to_contain_text("Break until ten")
    expect(banner.get_by_role("link")).to_have_attribute("href", "https://example.org/")
    ada.page.reload()
    ada.is_in()
    expect(banner).to_be_visible()
    banner.get_by_role("button", name="Put away").click()
    ada.page.reload()
    ada.is_in()
    expect(banner).to_be_hidden()


def test_a_text_that_is_selected_beyond_its_dialog_does_not_close_it(pair):
    teacher, _ = pair
    page = teacher.page
    page.get_by_role("button", name="Announce").click()
    text = page.get_by_label("Text")
    text.fill("Break until ten")
    box = text.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(5, box["y"] + 10)
    page.mouse.up()
    expect(text).to_have_value("Break until ten")
    page.mouse.click(5, 5)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_message_too_old_to_be_sent_again_comes_back_as_failed(pair):
    _, ada = pair
    ada.page.evaluate("""() => {
        const { room, participant } = liveRoom.model.state;
        sessionStorage.setItem(`live:unsent:${room}:${participant}`, JSON.stringify([
            { id: "c-old", text: "From an hour ago", atMs: Date.now() - 3_600_000 },
        ]));
    }""")
    for _ in range(2):
        ada.page.reload()
        ada.is_in()
        expect(ada.page.locator(".message[data-state=failed]")).to_contain_text("From an hour ago")
    ada.page.get_by_role("button", name="Try again").click()
    ada.awaits_log(["From an hour ago"])


def test_a_removed_student_is_told_and_a_banned_one_stays_out(pair):
    teacher, ada = pair
    teacher.page.locator(".people-count").click()
    person = teacher.page.locator(".person", has_text="Ada")
    menu(teacher, person.get_by_role("button", name="Actions for Ada"), "Ban")
    teacher.page.get_by_role("dialog").get_by_role("button", name="Ban", exact=True).click()
    expect(ada.page.get_by_role("heading", name="You are no longer in this class")).to_be_visible()
    ada.page.reload()
    expect(ada.page.get_by_role("heading", name="You are no longer in this class")).to_be_visible(timeout=20_000)
    expect(teacher.page.locator(".person")).to_have_count(1)


def test_a_locked_class_lets_nobody_new_in_and_an_ended_one_stays_readable(pair, server, open_page):
    teacher, ada = pair
    ada.says("Still here")
    teacher.page.get_by_role("button", name="Open", exact=True).click()
    expect(teacher.page.get_by_role("button", name="Locked", exact=True)).to_be_visible()
    late = open_page(f"{server.url}/join#c={teacher.code()}")
    late.get_by_label("Your name").fill("Late")
    late.get_by_role("button", name="Join").click()
    closed = late.get_by_text("Ask the teacher to unlock it").or_(late.get_by_text("the class is locked"))
    expect(closed.first).to_be_visible()
    teacher.page.get_by_role("button", name="More", exact=True).click()
    teacher.page.get_by_role("menuitem", name="End class").click()
    teacher.page.get_by_role("dialog").get_by_role("button", name="End class").click()
    expect(ada.page.get_by_role("heading", name="The class is over")).to_be_visible()
    expect(ada.page.get_by_label("Write a message")).to_be_disabled()
    ada.awaits_log(["Still here"])


def test_the_demo_class_is_one_click_away_from_the_front_page(server, open_page):
    front = open_page(server.url + "/")
    front.get_by_role("link", name="Be the teacher").click()
    teacher = Teacher(front)
    teacher.is_in()
    assert teacher.code() == "DEMO24"
    student = open_page(server.url + "/")
    student.get_by_role("link", name="Be a student").click()
    Student.joins(student, "Visitor")
    expect(front.locator(".people-count span")).to_have_text("2")


def downloaded(teacher):
    """The record as the teacher's browser saves it: its name and what is in it."""
    with teacher.page.expect_download() as download:
        menu(teacher, teacher.page.get_by_role("button", name="More", exact=True), "Download the record")
    return download.value.suggested_filename, json.loads(pathlib.Path(download.value.path()).read_text())


def test_the_record_of_a_class_is_downloaded_as_a_file(pair):
    teacher, ada = pair
    ada.says("For the record")
    teacher.awaits_log(["For the record"])
    name, record = downloaded(teacher)
    assert name.startswith("guest-") and name.endswith(".json")
    assert [event["text"] for event in record["events"] if event["ev"] == "chat_message"] == ["For the record"]
    assert record["figures"]["peak_participants"] == 2
    assert "next" not in record


def test_every_transport_reports_how_the_class_reaches_it(server, open_page):
    teacher = Teacher.starts(open_page(server.url + "/", 1440, 900))
    code = teacher.code()
    for transport, name in (("sse", "Ada"), ("poll", "Ben")):
        Student.joins(open_page(f"{server.url}/join?transport={transport}#c={code}", 1280, 800), name)
    expect(teacher.page.locator(".people-count span")).to_have_text("3")
    teacher.says("Can you hear me?")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        _, record = downloaded(teacher)
        figures = record["figures"]
        heard = all(figures["heartbeats_by_transport"][kind] for kind in ("websocket", "sse", "longpoll"))
        if heard and figures["delivery_p95_ms"] is not None:
            break
        teacher.page.wait_for_timeout(1_000)
    assert heard, figures
    assert figures["heartbeats_by_transport"]["unknown"] == 0
    assert figures["connects"] == 3 and figures["reconnects"] == 0 and figures["failed_connects"] == 0, figures
    assert figures["delivery_p95_ms"] is not None and figures["delivery_p95_ms"] < 5_000
