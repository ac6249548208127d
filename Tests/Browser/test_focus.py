"""The keyboard's place on the page: what is pressed may change or go, the focus stays where the work goes on."""

import pytest
from playwright.sync_api import expect

from people import Student, Teacher


@pytest.fixture()
def pair(server, open_page):
    teacher = Teacher.starts(open_page(server.url + "/", 1440, 900))
    ada = Student.joins(open_page(f"{server.url}/join#c={teacher.code()}", 1280, 800), "Ada")
    expect(teacher.page.locator(".people-count span")).to_have_text("2")
    return teacher, ada


def presses(locator):
    locator.focus()
    locator.press("Enter")


def test_making_a_poll_by_keyboard_never_loses_the_place(pair):
    teacher, _ = pair
    page = teacher.page
    presses(page.get_by_role("button", name="Own answers"))
    quiz = page.get_by_role("group", name="Kind").get_by_role("button", name="Quiz")
    presses(quiz)
    expect(quiz).to_be_focused()
    expect(quiz).to_have_attribute("aria-pressed", "true")
    time = page.get_by_role("group", name="Time").get_by_role("button", name="30 s")
    presses(time)
    expect(time).to_be_focused()
    presses(page.get_by_role("button", name="Add an answer"))
    expect(page.get_by_label("Answer C", exact=True)).to_be_focused()
    presses(page.get_by_role("button", name="Remove answer C"))
    expect(page.get_by_label("Answer B", exact=True)).to_be_focused()
    page.get_by_label("Your question").fill("Two and two?")
    page.get_by_label("Answer A", exact=True).fill("Four")
    page.get_by_label("Answer B", exact=True).fill("Five")
    page.get_by_label("Answer A is correct").check()
    presses(page.get_by_role("button", name="Start poll"))
    expect(teacher.poll("Two and two?")).to_be_visible()
    expect(page.get_by_role("button", name="Own answers")).to_be_focused()


def test_a_sent_answer_keeps_the_focus_on_what_was_chosen(pair):
    teacher, ada = pair
    page = teacher.page
    page.get_by_label("Your question").fill("Which ones?")
    page.get_by_role("button", name="Own answers").click()
    page.get_by_role("group", name="Kind").get_by_role("button", name="Several answers").click()
    page.get_by_label("Answer A", exact=True).fill("Red")
    page.get_by_label("Answer B", exact=True).fill("Blue")
    page.get_by_role("button", name="Start poll").click()
    blue = ada.poll("Which ones?").locator(".option", has_text="Blue")
    presses(blue)
    expect(blue).to_be_focused()
    presses(ada.page.get_by_role("button", name="Send answer"))
    ada.awaits_receipt("Which ones?")
    expect(blue).to_be_focused()


def test_reactions_and_menus_keep_the_focus_and_a_row_that_goes_hands_it_on(pair):
    teacher, ada = pair
    ada.says("React to this")
    teacher.awaits_log(["React to this"])
    page = teacher.page
    row = page.locator(".message").first
    presses(row.get_by_role("button", name="Message by Ada"))
    page.get_by_role("menuitem", name="Applause").press("Enter")
    expect(ada.page.locator(".reaction")).to_have_text("👏1")
    ada.page.locator(".reaction").click()
    reaction = page.locator(".reaction")
    expect(reaction).to_have_text("👏2")
    presses(reaction)
    expect(reaction).to_have_text("👏1")
    expect(reaction).to_be_focused()
    ada.page.locator(".reaction").click()
    expect(reaction).to_have_count(0)
    expect(page.get_by_role("log")).to_be_focused()
    page.locator(".people-count").click()
    actions = page.get_by_role("button", name="Actions for Ada")
    presses(actions)
    page.get_by_role("menuitem", name="Mute").press("Enter")
    expect(page.locator(".person", has_text="Ada").get_by_text("Muted")).to_be_visible()
    expect(actions).to_be_focused()
    presses(actions)
    page.get_by_role("menuitem", name="Remove").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).press("Enter")
    expect(page.locator(".person")).to_have_count(1)
    expect(page.get_by_role("group", name="People")).to_be_focused()
    # Ada's page is covered by a dialog with a name, and nothing below can be reached.
    cover = ada.page.get_by_role("alertdialog", name="You are no longer in this class")
    expect(cover.get_by_role("link", name="To the front page")).to_be_focused()
    assert ada.page.locator("main").evaluate("node => node.inert")
